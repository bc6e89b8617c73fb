import { describe, expect, test } from 'vitest';
import fc from '../../test-examples';
import { fileOfPaste, kindOfFile, readRecords, sampleOf, showsText } from './sources';

const file = (name: string, text: string) => new File([text], name);

describe('the first task of what was dropped', () => {
  test('comes from the first record of a table', async () => {
    const sample = await sampleOf([file('a.csv', '\uFEFFtext,stars\n"Good, really",5\nBad,1\n')]);
    expect(sample).toEqual({ data: { text: 'Good, really', stars: '5' }, keys: ['text', 'stars'] });
  });

  test('comes from the data of the first item of a JSON list', async () => {
    expect((await sampleOf([file('a.json', '[{"data": {"image": "x.jpg"}, "predictions": []}]')]))?.data).toEqual({ image: 'x.jpg' });
    expect((await sampleOf([file('a.json', '{"image": "x.jpg"}')]))?.keys).toEqual(['image']);
  });

  test('comes from the first line of JSON Lines, and not from an archive', async () => {
    expect((await sampleOf([file('all.zip', 'PK'), file('a.jsonl', '\n{"text": "one"}\n{"text": "two"}\n')]))?.data).toEqual({ text: 'one' });
  });

  test('is nothing for JSON that does not parse, and nothing for unknown files', async () => {
    expect(await sampleOf([file('a.json', '[{"data"')])).toBeUndefined();
    expect(await sampleOf([file('a.bin', 'x')])).toBeUndefined();
  });
});

test('a task shows a text when it names no picture', () => {
  const shown = (data: Record<string, unknown>) => showsText({ data, keys: Object.keys(data) });
  expect(shown({ text: 'Good, really', stars: '5' })).toBe(true);
  expect(shown({ text: 'Good', source: 'https://example.com/review' })).toBe(true);
  expect(shown({ caption: 'A bird', image: 'https://example.com/bird.JPG?size=2' })).toBe(false);
  expect(shown({ image: 'https://example.com/7', width: '640' })).toBe(false);
  expect(showsText({ data: {}, keys: [], plain: { kind: 'text', value: 'Good' } })).toBe(true);
  expect(showsText(undefined)).toBe(false);
});

test('quoted fields keep separators, quotes and line ends', () => {
  expect(readRecords('a,b\r\n"1, ""2""","3\n4"\r\n', ',', 5)).toEqual([['a', 'b'], ['1, "2"', '3\n4']]);
});

test('any record written with quotes reads back', () => {
  const field = fc.string().filter((text) => !text.startsWith('\uFEFF'));
  fc.assert(fc.property(fc.array(field, { minLength: 1 }), (record) => {
    const line = record.map((each) => `"${each.replaceAll('"', '""')}"`).join(',');
    expect(readRecords(`x\n${line}`, ',', 2)[1]).toEqual(record);
  }));
});

test('a pasted text becomes the file that it would have been', () => {
  expect(fileOfPaste(' [{"text": 1}]').name).toBe('pasted.json');
  expect(fileOfPaste('text,stars\nGood,5').name).toBe('pasted.csv');
  expect(fileOfPaste('text\tstars\nGood\t5').name).toBe('pasted.tsv');
  expect(fileOfPaste('A plain sentence, with a comma.\nAnother.').name).toBe('pasted.txt');
});

test('a file is known by its ending, whatever its case', () => {
  expect(kindOfFile(file('A.JPEG', ''))).toBe('pictures');
  expect(kindOfFile(file('notes', ''))).toBe('others');
});
