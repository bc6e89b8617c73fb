import { describe, expect, it } from 'vitest';
import fc from '../../../test-examples';
import { TAGS } from '../../tags/registry';
import { findControl, findLabel } from './config';
import { parseConfig } from './parse';
import { resolveConfig, resolveText, resolveValue } from './resolve';
import { parseXml } from './xml';

const STREET = `<View>
  <Header value="What is here?"/>
  <image NAME="img" value="$image" zoomBy="1.5" Crosshair="true"/>
  <RectangleLabels name="box" toName="img" choice="multiple" opacity=".4">
    <View><Label value="Car" background="#abc" hotkey="c"/></View>
    <Label value="Bus" alias="b"/>
    <Label>Tram</Label>
  </RectangleLabels>
  <PolygonLabels name="poly" toName="img"><Label value="Tram"/><Label value="Road"/></PolygonLabels>
  <Choices name="weather" toName="img" required="true"><Choice value="Sun"/><Choice value="Rain" selected="true"/></Choices>
</View>`;

describe('a config', () => {
  const config = parseConfig(STREET);

  it('gives its objects and controls whatever the case of tags and attributes', () => {
    expect(config.errors).toEqual([]);
    expect(config.unsupported).toEqual([]);
    expect(config.objects.map(({ tag, name, value }) => [tag, name, value])).toEqual([['Image', 'img', '$image']]);
    expect(config.controls.map(({ tag, name, makes }) => [tag, name, makes])).toEqual([
      ['RectangleLabels', 'box', 'rectangle'],
      ['PolygonLabels', 'poly', 'polygon'],
      ['Choices', 'weather', 'answer'],
    ]);
  });

  it('fills in defaults and reads numbers and booleans', () => {
    const [image] = config.objects;
    expect(image!.attributes).toMatchObject({ zoomBy: 1.5, crosshair: true, zoomControl: true, defaultZoom: 'fit' });
    expect(findControl(config, 'box')).toMatchObject({ multiple: true, required: false, attributes: { opacity: 0.4, canRotate: true } });
    expect(findControl(config, 'weather')).toMatchObject({ multiple: false, required: true });
  });

  it('gives labels their alias as value, and a colour that one value keeps', () => {
    const box = findControl(config, 'box')!;
    expect(box.labels.map(({ value, shown, colour }) => [value, shown, colour])).toEqual([
      ['Car', 'Car', '#abc'],
      ['b', 'Bus', 'var(--l1)'],
      ['Tram', 'Tram', 'var(--l2)'],
    ]);
    const poly = findControl(config, 'poly')!;
    expect(poly.labels.map(({ colour }) => colour)).toEqual(['var(--l2)', 'var(--l3)']);
    expect(findLabel(box, 'Car')!.hotkey).toBe('c');
  });

  it('goes on with the first colour after the twelfth', () => {
    const labels = Array.from({ length: 13 }, (_, i) => `<Label value="${i}"/>`).join('');
    const many = parseConfig(`<View><Text name="t" value="$t"/><Labels name="l">${labels}</Labels></View>`);
    expect(many.controls[0]!.labels[12]!.colour).toBe('var(--l1)');
  });
});

describe('what a config may leave out', () => {
  it('is toName, where there is one object only', () => {
    const config = parseConfig('<View><Text name="t" value="$t"/><Labels name="l"><Label value="A"/></Labels></View>');
    expect(config.controls[0]!.toName).toBe('t');
  });

  it('is not toName, where there are two', () => {
    const config = parseConfig('<View><Text name="t" value="$t"/><Text name="u" value="$u"/>\n  <Labels name="l"/></View>');
    expect(config.errors).toEqual([{ line: 2, column: 3, message: 'Labels "l" needs toName: the name of what it labels.' }]);
  });

  it('is the value attribute, where the text says it', () => {
    expect(parseConfig('<View><Text name="t">$text</Text></View>').objects[0]!.value).toBe('$text');
  });
});

describe('what this editor cannot show', () => {
  it('is named with its line, and the rest works', () => {
    const config = parseConfig(`<View>
      <Video name="v" value="$video"/>
      <Image name="img" value="$image"/>
      <Labels name="track" toName="v"><Label value="A"/></Labels>
      <BrushLabels name="brush" toName="img"><Label value="A"/></BrushLabels>
      <RectangleLabels name="box" toName="img"><Label value="A"/></RectangleLabels>
      <Choices name="about" toName="v"><Choice value="yes"/></Choices>
      <Choices name="each" toName="img" perRegion="true"><Choice value="x"/></Choices>
      <Choices name="deep" toName="img"><Choice value="x"><Choice value="y"/></Choice></Choices>
      <Repeater on="$pages"><Text name="t{{idx}}" value="$pages[{{idx}}]"/></Repeater>
      <Collapse><Panel><Choices name="inside" toName="img"><Choice value="x"/></Choices></Panel></Collapse>
      <RectangleLabels name="odd" toName="v"><Label value="A"/></RectangleLabels>
    </View>`);
    expect(config.errors).toEqual([]);
    expect(config.unsupported).toEqual([
      { tag: 'Video', line: 2 },
      { tag: 'Labels on Video', line: 4 },
      { tag: 'BrushLabels', line: 5 },
      { tag: 'Choices perRegion', line: 8 },
      { tag: 'nested Choices', line: 9 },
      { tag: 'Repeater', line: 10 },
      { tag: 'Collapse', line: 11 },
      { tag: 'RectangleLabels on Video', line: 12 },
    ]);
    expect(config.controls.map(({ name }) => name)).toEqual(['box', 'about', 'inside']);
  });

  it('is a picture list', () => {
    const config = parseConfig('<View><Image name="i" valueList="$pages"/><RectangleLabels name="b" toName="i"/></View>');
    expect(config.unsupported.map(({ tag }) => tag)).toEqual(['Image valueList', 'RectangleLabels on Image']);
  });
});

it.each([
  ['<View>\n  <Image name="i" value="$i">\n</View>', 3, 1, '</View> does not close <Image> of line 2.'],
  ['<View>\n  <Text name=t value="$t"/></View>', 2, 14, 'The value of name needs quotes: name="…".'],
  ['<View><Text name="t" name="u"/></View>', 1, 22, '<Text> has the attribute name twice.'],
  ['<View>\r\n\tfish & chips</View>', 2, 7, '& is not known here. Write &amp; for the character &.'],
  ['<View>&nbsp;</View>', 1, 7, '&nbsp; is not known here. Write &amp; for the character &.'],
  ['<!DOCTYPE x [<!ENTITY a "b">]><View/>', 1, 1, 'A config may not declare a document type or entities. Remove the line.'],
  ['<View></View><View/>', 1, 14, 'There is text after the end of the config. Put everything inside one <View>.'],
  ['', 1, 1, 'A labelling config is XML and begins with an element such as <View>.'],
  ['</View>', 1, 1, 'A labelling config is XML and begins with an element such as <View>.'],
  ['<View>', 1, 7, '<View> of line 1 is never closed. Add </View>.'],
  ['<View a="<"/>', 1, 10, 'The value of a holds "<". Write &lt; instead, or close the quote.'],
  ['<View><Choices name="c"></View>', 1, 25, '</View> does not close <Choices> of line 1.'],
])('%s is refused where it is wrong', (xml, line, column, message) => {
  expect(parseConfig(xml).errors).toEqual([{ line, column, message }]);
});

it.each([
  ['<View><Text value="$t"/></View>', 'Text needs a name that its labels can point to.'],
  ['<View><Text name="t"/></View>', 'Text "t" needs a value: the field of the task to show, as $field.'],
  ['<View><Text name="t" value="$t"/><Labels name="l" toName="x"/></View>', 'Labels "l" points to "x", but nothing that shows data is called so. Correct toName.'],
  ['<View><Text name="t" value="$t"/><Labels toName="t"/></View>', 'Labels needs a name: results are saved under it.'],
  ['<View><Text name="t" value="$t"/><Text name="t" value="$u"/></View>', 'The name "t" is taken by Text of line 1. Give this one another.'],
  ['<View><Text name="t" value="$t"/><Labels name="l"><Label/></Labels></View>', 'Label needs a value.'],
  ['<View><Text name="t" value="$t"/><Labels name="l"><Label value="A"/><Label value="A"/></Labels></View>', 'Label "A" stands here twice. Remove one or give it an alias.'],
])('%s is an error that says what to do', (xml, message) => {
  expect(parseConfig(xml).errors.map((error) => error.message)).toEqual([message]);
});

it('reads entities, CDATA and comments as XML has them', () => {
  const { root } = parseXml('<?xml version="1.0"?><!-- a --><a t="&lt;&#65;&#x42;&amp;lt;"><![CDATA[<b>]]> &quot;<!-- x --> c</a>');
  expect(root).toMatchObject({ tag: 'a', attributes: { t: '<AB&lt;' }, text: '<b> " c' });
});

it('never throws, whatever the text', () => {
  const piece = fc.constantFrom('<View>', '</View>', '<Text name="t" value="$t"/>', '<', '>', '&', '"', '<Labels name="l">', '<Label value="A"/>', '</Labels>', '<!--', '<![CDATA[', ' ', 'x', '<a __proto__="x"/>', '<Choices name="c" toName="t">');
  fc.assert(
    fc.property(fc.oneof(fc.array(piece).map((parts) => parts.join('')), fc.string()), (xml) => {
      const config = parseConfig(xml);
      for (const { line, column } of config.errors) expect(Math.min(line, column)).toBeGreaterThan(0);
    }),
  );
});

it('refuses elements nested without end', () => {
  expect(parseConfig('<View>'.repeat(5000)).errors[0]!.message).toBe('Elements are nested deeper than 200.');
});

describe('templates', () => {
  const task = { image: '/a.jpg', n: 3, a: { b: [{ c: 'deep' }] }, 'x.y': 'flat', list: [1, 2] };

  it('give the field itself when they are one variable', () => {
    expect(resolveValue('$list', task)).toBe(task.list);
    expect(resolveValue('$a.b[0].c', task)).toBe('deep');
    expect(resolveValue('$x.y', task)).toBe('flat');
    expect(resolveValue('$nothing', task)).toBeUndefined();
  });

  it('give text when there is more around', () => {
    expect(resolveText('http://host$image?n=$n', task)).toBe('http://host/a.jpg?n=3');
    expect(resolveText('plain', task)).toBe('plain');
  });
});

it('labels that come from the task follow those of the config', () => {
  const config = parseConfig('<View><Text name="t" value="$t"/><Labels name="l" value="$labels"><Label value="A"/></Labels></View>');
  const resolved = resolveConfig(config, { labels: [{ value: 'B', alias: 'b', hotkey: 'x' }, 'C', { value: 'A' }, null] });
  expect(resolved.controls[0]!.labels.map(({ value, shown, colour }) => [value, shown, colour])).toEqual([
    ['A', 'A', 'var(--l1)'],
    ['b', 'B', 'var(--l2)'],
    ['C', 'C', 'var(--l3)'],
  ]);
  expect(resolveConfig(config, {})).toEqual(config);
});

it.each(TAGS)('$tag parses by itself, with its defaults', (module) => {
  const config = parseConfig(`<View><${module.tag}/></View>`);
  expect(config.unsupported).toEqual([]);
  expect(Object.keys(module.defaults)).toEqual([...new Set(Object.keys(module.defaults))]);
});
