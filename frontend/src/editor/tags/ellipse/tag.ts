import { LABELS_DEFAULTS, type RegionModule } from '../tag';

export const ellipseLabels: RegionModule = {
  tag: 'EllipseLabels',
  kind: 'region',
  makes: 'ellipse',
  on: 'image',
  resultType: 'ellipselabels',
  defaults: { ...LABELS_DEFAULTS, canRotate: true, smart: false, smartOnly: false },
};
