import { expect, test } from 'vitest';
import { parseConfig } from '../../editor/model/config/parse.ts';
import { Editor } from '../../editor/model/editor.ts';
import { findObstacle } from './obstacles.ts';
import type { WireProject } from './wire.ts';

const project: WireProject = { id: 1, title: '', label_config: '' };
const sizes = new Map([['img', { width: 100, height: 100 }]]);

function open(attributes: string): Editor {
  const config = parseConfig(
    `<View><Image name="img" value="$image"/><RectangleLabels name="box" toName="img"><Label value="a"/></RectangleLabels>
     <Choices name="q" toName="img" ${attributes}><Choice value="yes"/></Choices></View>`,
  );
  const editor = new Editor(config);
  editor.load([], [], sizes, new Map());
  return editor;
}

test('a required question must be answered, in the words of the config', () => {
  const editor = open('required="true" requiredMessage="Say it!"');
  expect(findObstacle(editor, project)).toEqual({ message: 'Say it!', control: 'q' });
  editor.setAnswer('q', ['yes']);
  expect(findObstacle(editor, project)).toBeNull();
});

test('what a model was asked for and could not name is not left out unsaid', () => {
  const editor = open('');
  const { regions } = editor.read([{ id: 'm', from_name: 'box', to_name: 'img', type: 'rectanglelabels', value: { x: 1, y: 1, width: 9, height: 9, rotation: 0, rectanglelabels: [] } }]);
  const [found] = regions.map((region) => ({ ...region, origin: 'prediction' as const, suggested: true }));
  editor.store.apply({ added: [found!], removed: [], updated: [] });
  expect(findObstacle(editor, project)).toBeNull();
  editor.store.apply({ added: [], removed: [], updated: [[found!, { ...found!, exchange: 'answer' as const }]] });
  expect(findObstacle(editor, project)?.message).toBe('One suggestion of the answer has no label. Press a label’s key to name it, or delete it.');
  editor.selectUnnamed();
  editor.chooseLabel('box', 'a');
  expect(findObstacle(editor, project)).toBeNull();
});

test('an empty annotation is refused only where the project says so', () => {
  const editor = open('');
  expect(findObstacle(editor, project)).toBeNull();
  expect(findObstacle(editor, { ...project, enable_empty_annotation: false })?.control).toBeNull();
  editor.setActiveLabel('box', 'a');
  editor.addRegion({ kind: 'rectangle', x: 1, y: 1, width: 5, height: 5, rotation: 0 }, 'img');
  expect(findObstacle(editor, { ...project, enable_empty_annotation: false })).toBeNull();
});
