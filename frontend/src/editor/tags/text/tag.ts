import type { ObjectModule } from '../tag';

export const text: ObjectModule = {
  tag: 'Text',
  kind: 'object',
  object: 'text',
  defaults: {
    name: undefined,
    value: undefined,
    valueType: 'text',
    saveTextResult: undefined,
    selectionEnabled: true,
    highlightColor: undefined,
    showLabels: undefined,
    granularity: 'symbol',
    encoding: 'none',
  },
  unsupported: () => null,
};
