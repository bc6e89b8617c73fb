import { LABELS_DEFAULTS, type RegionModule } from '../tag';

export const rectangleLabels: RegionModule = {
  tag: 'RectangleLabels',
  kind: 'region',
  makes: 'rectangle',
  on: 'image',
  resultType: 'rectanglelabels',
  defaults: { ...LABELS_DEFAULTS, canRotate: true, snap: 'none', smart: false, smartOnly: false },
};
