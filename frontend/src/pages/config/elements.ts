import type { ElementSpec } from '@codemirror/lang-xml';

/** What the config editor completes: the tags that the label page draws, with their usual attributes. */
const BOOLEAN = ['true', 'false'];
const control = ['name', 'toName', { name: 'required', values: BOOLEAN }, 'requiredMessage'];
const shapes = [...control, { name: 'choice', values: ['single', 'multiple'] }, 'maxUsages', { name: 'showInline', values: BOOLEAN }, 'opacity', 'strokeWidth', 'fillColor', 'strokeColor'];
const label = (name: string, more: readonly string[] = []): ElementSpec => ({ name, attributes: [...shapes, ...more], children: ['Label'] });

export const ELEMENTS: ElementSpec[] = [
  { name: 'View', top: true, attributes: ['style', 'className'] },
  { name: 'Image', attributes: ['name', 'value', { name: 'zoom', values: BOOLEAN }, { name: 'zoomControl', values: BOOLEAN }, { name: 'rotateControl', values: BOOLEAN }, 'maxWidth', 'width'] },
  { name: 'Text', attributes: ['name', 'value', { name: 'granularity', values: ['symbol', 'word', 'sentence', 'paragraph'] }, { name: 'highlightColor' }, { name: 'showLabels', values: BOOLEAN }] },
  label('RectangleLabels', ['canRotate']), label('PolygonLabels'), label('EllipseLabels', ['canRotate']), label('KeyPointLabels'), label('Labels'),
  { name: 'Rectangle', attributes: [...control, 'canRotate'] }, { name: 'Polygon', attributes: control }, { name: 'Ellipse', attributes: control }, { name: 'KeyPoint', attributes: control },
  { name: 'Choices', attributes: [...control, { name: 'choice', values: ['single', 'single-radio', 'multiple'] }, { name: 'showInline', values: BOOLEAN }, { name: 'layout', values: ['select', 'inline', 'vertical'] }], children: ['Choice'] },
  { name: 'Label', attributes: ['value', 'background', 'hotkey', 'alias', 'hint', { name: 'selected', values: BOOLEAN }, 'maxUsages'], children: [] },
  { name: 'Choice', attributes: ['value', 'hotkey', 'alias', 'hint', { name: 'selected', values: BOOLEAN }] },
  { name: 'Header', attributes: ['value', 'size'], children: [] },
  { name: 'Style', attributes: [] },
];
