import { recall, remember } from './preferences';

export type Theme = 'auto' | 'light' | 'dark';
export const themes: Theme[] = ['auto', 'light', 'dark'];

class ThemeChoice {
  choice = $state<Theme>('auto');
  /** Counts up when the colours on screen changed, for what paints by itself (charts). */
  painted = $state(0);

  start(): void {
    const kept = recall('theme');
    this.apply(kept === 'light' || kept === 'dark' ? kept : 'auto');
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.painted++);
  }

  choose(theme: Theme): void {
    remember('theme', theme);
    this.apply(theme);
  }

  private apply(theme: Theme): void {
    this.choice = theme;
    document.documentElement.style.colorScheme = theme === 'auto' ? '' : theme;
    this.painted++;
  }
}

export const theme = new ThemeChoice();
