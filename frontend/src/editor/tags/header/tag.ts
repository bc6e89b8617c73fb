import type { VisualModule } from '../tag';

export const header: VisualModule = {
  tag: 'Header',
  kind: 'visual',
  defaults: { value: undefined, size: 4, style: undefined, underline: false },
};
