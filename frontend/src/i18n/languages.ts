/** The languages of the pages, each in its own name. public/theme.js knows the same. */
export const LANGUAGES = { en: 'English', ko: '한국어', th: 'ไทย', zh: '简体中文', ja: '日本語' } as const;

export type Language = keyof typeof LANGUAGES;

export const isLanguage = (text: unknown): text is Language => typeof text === 'string' && Object.hasOwn(LANGUAGES, text);
