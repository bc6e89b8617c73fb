import { describe, expect, test } from 'vitest';
import { coloursOf, keysWanted, labelListsOf, withKey, withLabels } from './config-labels';

const CONFIG = `<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image">
    <Label value="Car" background="#ff0000" hotkey="c"/>
    <Label value="Cat &amp; dog"></Label>
  </RectangleLabels>
  <Choices name="state" toName="image" choice="single"><Choice value="sharp"/></Choices>
</View>`;

describe('the labels of a config', () => {
  test('are found in every control, unescaped', () => {
    expect(labelListsOf(CONFIG)).toMatchObject([
      { tag: 'RectangleLabels', name: 'box', values: ['Car', 'Cat & dog'] },
      { tag: 'Choices', name: 'state', values: ['sharp'] },
    ]);
  });

  test('have the colour that the config names, else the next token', () => {
    expect(coloursOf(labelListsOf(CONFIG)).map((each) => [...each])).toEqual([[['Car', '#ff0000'], ['Cat & dog', 'var(--l1)']], []]);
  });

  test('can be added, and those that stay keep their colour and key', () => {
    const changed = withLabels(CONFIG, 0, ['Car', 'a < b']);
    expect(labelListsOf(changed)[0]?.values).toEqual(['Car', 'a < b']);
    expect(changed).toContain('<Label value="Car" background="#ff0000" hotkey="c"/>');
    expect(changed).toContain('<Label value="a &lt; b"/>');
  });

  test('change in one control only', () => {
    expect(labelListsOf(withLabels(CONFIG, 1, ['sharp', 'blurred']))[0]?.values).toEqual(['Car', 'Cat & dog']);
    expect(withLabels(CONFIG, 1, ['sharp', 'blurred'])).toContain('<Choice value="blurred"/>');
  });
});

test('the keys that a config shows are those of its objects', () => {
  expect(keysWanted(CONFIG)).toEqual(['image']);
  expect(keysWanted('<View><Text name="a" value="$text.body"/><Image name="b" value="$pic"/></View>')).toEqual(['text.body', 'pic']);
});

test('another column can be shown in place of one that the data has not', () => {
  expect(withKey(CONFIG, 'image', 'photo_url')).toContain('value="$photo_url"');
  expect(withKey('<Text value="$text"/><Text value="$texts"/>', 'text', 'body')).toBe('<Text value="$body"/><Text value="$texts"/>');
});
