/** What a timeline entry says. Bodies come from the device: anything may be missing. Pure. */
import type { IconName } from '../components/icons';
import type { TimelineEntry } from './api';
import { causeName } from './evidence';
import { date, humanise, number } from './format';
import type { Texts } from '../texts/en';

export interface TimelineLine {
  icon: IconName;
  tone: 'info' | 'warning' | 'critical' | 'good' | 'plain';
  title: string;
  text: string;
}

const word = (body: Record<string, unknown>, name: string): string => (typeof body[name] === 'string' ? (body[name] as string) : '');
const lookup = (table: object, key: string): string => (table as Record<string, string>)[key] ?? humanise(key);

function severityTone(text: string): TimelineLine['tone'] {
  if (text === 'critical' || text === 'urgent') return 'critical';
  return text === 'warning' ? 'warning' : 'info';
}

function describeFinding(body: Record<string, unknown>, t: Texts): TimelineLine {
  const cause = causeName(word(body, 'cause'), t);
  if (word(body, 'state') === 'resolved') return { icon: 'healthy', tone: 'good', title: `${t.timeline.resolved} · ${cause}`, text: '' };
  const tone = severityTone(word(body, 'severity'));
  const level = lookup(t.health, word(body, 'severity'));
  return { icon: tone === 'plain' || tone === 'good' ? 'info' : tone, tone, title: `${level} · ${cause}`, text: word(body, 'summary') };
}

function describeOutcome(body: Record<string, unknown>, t: Texts, language: string): TimelineLine {
  const result = word(body, 'result');
  const { before, after } = body;
  const numbers =
    typeof before === 'number' && typeof after === 'number' ? t.timeline.beforeAfter(number(before, language), number(after, language)) : '';
  return { icon: 'effect', tone: result === 'improved' ? 'good' : 'plain', title: `${t.timeline.outcome} · ${lookup(t.outcomes, result)}`, text: numbers };
}

/** What the server adds to a change of a device; the end of a new certificate is said in the reader's language. */
function detailOf(change: string, detail: string, t: Texts, language: string): string {
  if (change === 'cloned') return /[\da-f]{8}-[\da-f-]{27}/.exec(detail)?.[0] ?? detail;
  const until = change === 'enrolled' || change === 'renewed' ? /\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(detail)?.[0] : undefined;
  return until ? `${t.device.certificate} ${date(Date.parse(until), language)}` : detail;
}

function describeDevice(body: Record<string, unknown>, t: Texts, language: string): TimelineLine {
  const change = word(body, 'change');
  const title = { enrolled: t.timeline.enrolled, renewed: t.timeline.renewed, revoked: t.timeline.revoked, cloned: t.timeline.cloned, forked: t.timeline.forked }[change];
  return {
    icon: change === 'revoked' ? 'revoked' : change === 'cloned' || change === 'forked' ? 'copy' : 'key',
    tone: change === 'cloned' || change === 'forked' ? 'warning' : 'plain',
    title: title ?? humanise(change),
    text: detailOf(change, word(body, 'detail'), t, language),
  };
}

export function describe(entry: TimelineEntry, t: Texts, language: string): TimelineLine {
  const body = entry.body as Record<string, unknown>;
  switch (entry.kind) {
    case 'finding':
      return describeFinding(body, t);
    case 'notification':
      return { icon: 'message', tone: 'plain', title: t.timeline.notification, text: [word(body, 'title'), word(body, 'body')].filter(Boolean).join(' — ') };
    case 'feedback':
      return { icon: 'answer', tone: 'plain', title: t.timeline.feedback, text: lookup(t.answers, word(body, 'answer')) };
    case 'outcome':
      return describeOutcome(body, t, language);
    case 'event':
      return { icon: 'bolt', tone: 'plain', title: t.timeline.event, text: [word(body, 'source'), word(body, 'code')].filter(Boolean).join('.') };
    case 'report':
      return { icon: 'chart', tone: 'plain', title: t.timeline.report, text: word(body, 'title') };
    case 'device':
      return describeDevice(body, t, language);
  }
}
