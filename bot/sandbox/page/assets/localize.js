// What commands are called in the language of a user's client.

// inLanguage returns a command or an option with the texts of a language, as far as it has them. A command keeps its
// name, by which it is run; label is what its menu shows.
export function inLanguage(command, locale) {
  const text = (own, all) => all?.[locale] || own;
  return {
    ...command,
    label: text(command.name, command.name_localizations),
    description: text(command.description, command.description_localizations),
    options: command.options?.map((o) => inLanguage(o, locale)),
    choices: command.choices?.map((c) => ({ ...c, name: text(c.name, c.name_localizations) })),
  };
}
