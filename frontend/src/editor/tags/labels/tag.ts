import { LABELS_DEFAULTS, type ChildModule, type RegionModule } from '../tag';

/** Labels on a Text. On other objects it needs a shape control beside it, which this editor cannot show yet. */
export const labels: RegionModule = {
  tag: 'Labels',
  kind: 'region',
  makes: 'span',
  on: 'text',
  resultType: 'labels',
  defaults: LABELS_DEFAULTS,
};

export const label: ChildModule = {
  tag: 'Label',
  kind: 'child',
  within: ['labels', 'rectanglelabels', 'polygonlabels', 'ellipselabels', 'keypointlabels'],
  defaults: {
    value: undefined,
    selected: false,
    maxUsages: undefined,
    hint: undefined,
    hotkey: undefined,
    alias: undefined,
    showAlias: false,
    aliasStyle: 'opacity: 0.6',
    size: 'medium',
    background: undefined,
    selectedColor: '#ffffff',
    granularity: undefined,
    html: undefined,
    category: undefined,
    groupCanContain: undefined,
  },
};
