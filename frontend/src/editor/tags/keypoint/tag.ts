import { LABELS_DEFAULTS, type RegionModule } from '../tag';

export const keypointLabels: RegionModule = {
  tag: 'KeyPointLabels',
  kind: 'region',
  makes: 'keypoint',
  on: 'image',
  resultType: 'keypointlabels',
  defaults: {
    ...LABELS_DEFAULTS,
    opacity: 0.9,
    fillColor: '#8bad00',
    strokeWidth: 2,
    snap: 'none',
    smart: false,
    smartOnly: false,
  },
};
