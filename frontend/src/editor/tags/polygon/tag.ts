import { LABELS_DEFAULTS, type RegionModule } from '../tag';

export const polygonLabels: RegionModule = {
  tag: 'PolygonLabels',
  kind: 'region',
  makes: 'polygon',
  on: 'image',
  resultType: 'polygonlabels',
  defaults: {
    ...LABELS_DEFAULTS,
    strokeWidth: 2,
    pointSize: 'small',
    pointStyle: 'circle',
    snap: 'none',
    smart: false,
    smartOnly: false,
  },
};
