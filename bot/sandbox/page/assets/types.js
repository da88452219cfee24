// Discord's numbers for types of channels, options and components, and for message flags.
export const ChannelType = { dm: 1, thread: 11 };

export const OptionType = {
  subcommand: 1, group: 2, string: 3, integer: 4, boolean: 5, user: 6, channel: 7, number: 10, attachment: 11,
};

export const ComponentType = {
  actionRow: 1, button: 2, stringSelect: 3, section: 9, textDisplay: 10, thumbnail: 11, gallery: 12, file: 13,
  separator: 14, container: 17, label: 18, fileUpload: 19, radioGroup: 21, checkboxGroup: 22, checkbox: 23,
};

export const MessageFlag = { ephemeral: 1 << 6, loading: 1 << 7, componentsV2: 1 << 15 };

export const commandInteraction = 2;
