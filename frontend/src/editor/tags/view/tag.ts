import { VISIBILITY_DEFAULTS, type VisualModule } from '../tag';

export const view: VisualModule = {
  tag: 'View',
  kind: 'visual',
  defaults: {
    ...VISIBILITY_DEFAULTS,
    display: 'block',
    style: undefined,
    className: undefined,
    idAttr: undefined,
    whenRole: undefined,
  },
};
