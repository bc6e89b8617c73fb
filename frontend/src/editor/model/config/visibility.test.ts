import { describe, expect, it } from 'vitest';
import { Editor } from '../editor';
import { parseConfig } from './parse';

const CONFIG = parseConfig(`<View>
  <Image name="img" value="$image"/>
  <RectangleLabels name="box" toName="img"><Label value="Car"/><Label value="Sign"/></RectangleLabels>
  <Choices name="usable" toName="img"><Choice value="Yes" alias="y"/><Choice value="No"/></Choices>
  <View visibleWhen="choice-selected" whenTagName="usable" whenChoiceValue="No,Unsure">
    <Choices name="why" toName="img" required="true"><Choice value="Blurred"/><Choice value="Dark"/></Choices>
  </View>
  <Choices name="kind" toName="img" visibleWhen="choice-selected" whenTagName="usable" whenChoiceValue="Yes"><Choice value="a"/></Choices>
  <Choices name="about" toName="img" visibleWhen="region-selected" whenLabelValue="Car"><Choice value="b"/></Choices>
  <Choices name="calm" toName="img" visibleWhen="no-region-selected, choice-selected" whenTagName="kind"><Choice value="c"/></Choices>
</View>`);

function opened(): Editor {
  const editor = new Editor(CONFIG);
  editor.load([], [], new Map([['img', { width: 100, height: 100 }]]), new Map());
  return editor;
}

describe('a control with a condition', () => {
  it('is hidden until the answer that it waits for is given, by value or as shown', () => {
    const editor = opened();
    expect([...editor.hiddenControls()].sort()).toEqual(['about', 'kind', 'why']);
    editor.setAnswer('usable', ['No']);
    expect([...editor.hiddenControls()].sort()).toEqual(['about', 'kind']);
    editor.setAnswer('usable', ['y']);
    expect([...editor.hiddenControls()].sort()).toEqual(['about', 'why']);
  });

  it('is shown while a region that it is about is selected', () => {
    const editor = opened();
    editor.setActiveLabel('box', 'Car');
    const car = editor.addRegion({ kind: 'rectangle', x: 1, y: 1, width: 9, height: 9, rotation: 0 }, 'img')!;
    editor.selection.set([car.id]);
    expect([...editor.hiddenControls()].sort()).toEqual(['calm', 'kind', 'why']);
    editor.relabel([car.id], 'Sign');
    expect(editor.hiddenControls().has('about')).toBe(true);
  });

  it('is not submitted once another answer rules it out, and comes back with undo', () => {
    const editor = opened();
    editor.setAnswer('usable', ['No']);
    editor.setAnswer('why', ['Dark']);
    editor.setAnswer('usable', ['y']);
    expect(editor.results().map((result) => result.from_name)).toEqual(['usable']);
    editor.history.undo();
    expect(editor.results().map((result) => result.from_name)).toEqual(['usable', 'why']);
  });

  it('is submitted although no region is selected at that moment', () => {
    const editor = opened();
    editor.setAnswer('about', ['b']);
    expect(editor.results().map((result) => result.from_name)).toEqual(['about']);
  });
});
