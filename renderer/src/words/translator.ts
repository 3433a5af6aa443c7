/**
 * Messages in the person's language. Keys are typed by the English file; plural forms are chosen by
 * Intl.PluralRules from the parameter `count`; numbers are written as the language writes them.
 */
import en from '../../../resources/locales/en.json' with { type: 'json' };
import fr from '../../../resources/locales/fr.json' with { type: 'json' };
import { createFormats, type FormatPlace, type Formats } from './formats.ts';

export const LOCALES = ['en', 'fr'] as const;
export type Locale = (typeof LOCALES)[number];
export type MessageKey = keyof typeof en;
export type MessageParams = Readonly<Record<string, string | number>>;

/** A text, or one for each plural category; a category without its own text takes `other`. */
type Message = string | { readonly one: string; readonly other: string };

const MESSAGES: Readonly<Record<Locale, Readonly<Record<string, Message>>>> = { en, fr };

export interface Words {
  readonly locale: Locale;
  readonly formats: Formats;
  readonly t: (key: MessageKey, params?: MessageParams) => string;
  /** For keys that are made from data, such as the reason of a stall; undefined if there is none. */
  readonly find: (key: string, params?: MessageParams) => string | undefined;
}

/** Words of a language, with times as they are at a place. */
export function wordsIn(locale: Locale, place: FormatPlace): Words {
  const formats = createFormats(place);
  const plural = new Intl.PluralRules(locale);
  const messages = MESSAGES[locale];

  function find(key: string, params: MessageParams = {}): string | undefined {
    const message = messages[key];
    if (message === undefined) return undefined;
    return fill(typeof message === 'string' ? message : formOf(message, params), params, formats);
  }

  function formOf(message: Exclude<Message, string>, params: MessageParams): string {
    const category = plural.select(Number(params['count'] ?? 0));
    return category === 'one' ? message.one : message.other;
  }

  return { locale, formats, find, t: (key, params) => find(key, params) ?? key };
}

/** Text of a language that is written from right to left: kept from moving what stands around it. */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/;

function fill(text: string, params: MessageParams, formats: Formats): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (typeof value === 'number') return formats.count(value);
    return RIGHT_TO_LEFT.test(value) ? `\u2068${value}\u2069` : value;
  });
}

/** The language to begin with: the first of the person's that there is, else English. */
export function preferredLocale(languages: readonly string[]): Locale {
  for (const language of languages) {
    const short = language.slice(0, 2).toLowerCase();
    const found = LOCALES.find((locale) => locale === short);
    if (found !== undefined) return found;
  }
  return 'en';
}

/** Where formats are taken from: the person's own variant of the language, if there is one. */
export function formatLocale(locale: Locale, languages: readonly string[]): string {
  const variant = languages.find((language) => language.toLowerCase().startsWith(`${locale}-`));
  return variant ?? (locale === 'fr' ? 'fr-FR' : 'en-GB');
}
