import { de } from './de.ts'
import { en, type Messages } from './en.ts'
import { fr } from './fr.ts'

export const LANGUAGES = ['en', 'de', 'fr'] as const
export type Language = (typeof LANGUAGES)[number]

/** What each language calls itself, for whoever cannot read the one that is shown. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
}

const MESSAGES: Readonly<Record<Language, Messages>> = { en, de, fr }

export function messagesIn(language: Language): Messages {
  return MESSAGES[language]
}

/** The first language of an `Accept-Language` header that the bank speaks. */
export function preferredLanguage(accepted: readonly string[]): Language {
  const wanted = accepted.map((tag) => tag.slice(0, 2).toLowerCase())
  return wanted.flatMap((short) => LANGUAGES.filter((language) => language === short))[0] ?? 'en'
}
