import { expect, test } from 'vitest';
import { leftOutOf } from '../import/left-out';
import { isWithPictures, reasonFor, withPictures } from './formats';
import { lossesOf } from './loss-report';

const format = (name: string, disabled = false) => ({ name, title: name, description: '', disabled });

test('a format with pictures is a switch of the plain one, where that one fits', () => {
  const formats = [format('YOLO'), format('YOLO_WITH_IMAGES'), format('COCO', true), format('COCO_WITH_IMAGES', true), format('ODD_WITH_IMAGES')];
  expect(withPictures('YOLO', formats)).toBe('YOLO_WITH_IMAGES');
  expect(withPictures('COCO', formats)).toBeUndefined();
  expect(formats.filter(({ name }) => isWithPictures(name, formats)).map(({ name }) => name)).toEqual(['YOLO_WITH_IMAGES', 'COCO_WITH_IMAGES']);
  expect(reasonFor(format('CONLL2003', true))).toContain('labels on texts');
});

test('losses are told by reason, most first, and nothing is told of an export that lost nothing', () => {
  expect(lossesOf({ left_out: { few: 1, many: 9 }, loss_count: 10, report_url: 'api/x' })).toEqual({ total: 10, reasons: [['many', 9], ['few', 1]], url: 'api/x' });
  expect(lossesOf({ url: 'file' }).total).toBe(0);
});

test('what an import left out is counted even where only the first of it is listed', () => {
  expect(leftOutOf({ left_out: [{ file: 'a.csv', line: 2, reason: 'Empty.' }, { nonsense: 1 }], left_out_count: 5000 })).toMatchObject({ total: 5000, items: [{ line: 2 }] });
  expect(leftOutOf({ task_count: 3 })).toEqual({ items: [], total: 0 });
});
