import { VISIBILITY_DEFAULTS, type ChildModule, type ClassificationModule } from '../tag';

export const choices: ClassificationModule = {
  tag: 'Choices',
  kind: 'classification',
  resultType: 'choices',
  defaults: {
    ...VISIBILITY_DEFAULTS,
    name: undefined,
    toName: undefined,
    choice: 'single',
    layout: 'vertical',
    showInline: undefined,
    value: undefined,
    allowNested: false,
    required: false,
    requiredMessage: undefined,
    perRegion: false,
    perItem: false,
  },
  unsupported(attributes) {
    if (attributes.perRegion === true) return 'Choices perRegion';
    return attributes.allowNested === true ? 'Choices allowNested' : null;
  },
};

export const choice: ChildModule = {
  tag: 'Choice',
  kind: 'child',
  within: ['choices'],
  defaults: {
    value: undefined,
    alias: undefined,
    selected: false,
    hotkey: undefined,
    html: undefined,
    hint: undefined,
    style: undefined,
    color: undefined,
  },
};
