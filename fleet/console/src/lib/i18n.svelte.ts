import { en, type Texts } from '../texts/en';
import { zhCN } from '../texts/zh-CN';
import { recall, remember } from './preferences';

export type Language = 'en' | 'zh-CN';
const dictionaries: Record<Language, Texts> = { en, 'zh-CN': zhCN };
export const languages = Object.keys(dictionaries) as Language[];

/** The first of the wanted languages that we speak; any Chinese is answered in Simplified Chinese, anything else in English. */
export function chooseLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'en';
}

class I18n {
  language = $state<Language>('en');
  t = $derived(dictionaries[this.language]);

  start(): void {
    const kept = recall('language');
    this.use(kept === 'en' || kept === 'zh-CN' ? kept : chooseLanguage(navigator.languages));
  }

  use(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
  }

  choose(language: Language): void {
    remember('language', language);
    this.use(language);
  }
}

export const i18n = new I18n();
export const nameOf = (language: Language): string => dictionaries[language].name;
