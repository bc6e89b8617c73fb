import type { VisualModule } from '../tag';

export const style: VisualModule = { tag: 'Style', kind: 'visual', defaults: {} };
