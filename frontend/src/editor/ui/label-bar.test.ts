import { expect, test } from 'vitest';
import { parseConfig } from '../model/config/parse.ts';
import { search } from './label-bar.tsx';

const config = parseConfig(
  '<View><Image name="i" value="$i"/><RectangleLabels name="b" toName="i"><Label value="Sports car"/><Label value="Car"/><Label value="Tree"/></RectangleLabels></View>',
);
const all = config.controls.flatMap((control) => control.labels.map((label) => ({ control, label })));
const found = (query: string): string[] => search(all, query).map((item) => item.label.shown);

test('labels that begin with what was typed come before those that contain it', () => {
  expect(found('car')).toEqual(['Car', 'Sports car']);
  expect(found(' TR')).toEqual(['Tree']);
  expect(found('')).toHaveLength(3);
  expect(found('x')).toEqual([]);
});
