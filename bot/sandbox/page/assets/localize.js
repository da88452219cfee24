// Texts of commands in the language of the user's client. Names of commands and options stay as they are registered.

const pick = (texts, locale, text) => texts?.[locale] || text;

// localized are commands or options with their descriptions, and the names of their choices, in a language.
export function localized(list, locale) {
  return list?.map((o) => ({
    ...o,
    description: pick(o.description_localizations, locale, o.description),
    options: localized(o.options, locale),
    choices: o.choices?.map((c) => ({ ...c, name: pick(c.name_localizations, locale, c.name) })),
  }));
}

// menuItems are the commands of a message's menu: the name that runs each, and what the menu shows.
export const menuItems = (list, locale) =>
  list.map((c) => ({ name: c.name, label: pick(c.name_localizations, locale, c.name) }));

// languageName is a language's own name, such as "Deutsch".
export function languageName(locale) {
  try {
    return new Intl.DisplayNames([locale], { type: "language" }).of(locale);
  } catch {
    return locale;
  }
}
