import { expect, test } from 'vitest';
import { parseConfig } from '../../editor/model/config/parse.ts';
import { questionTitle } from './panel.tsx';

test.each([
  ['<Header value="What is it?"/><Image name="i" value="$i"/><Choices name="q" toName="i"><Choice value="a"/></Choices>', 'What is it?'],
  ['<Image name="i" value="$i"/><Choices name="q" toName="i"><Choice value="a"/></Choices>', 'q'],
  ['<Header value="Boxes"/><Image name="i" value="$i"/><RectangleLabels name="b" toName="i"><Label value="a"/></RectangleLabels><Choices name="q" toName="i"><Choice value="a"/></Choices>', 'q'],
])('a question is titled by the header that is its own', (inside, title) => {
  const config = parseConfig(`<View>${inside}</View>`);
  expect(questionTitle(config.tree, config.controls.find((control) => control.name === 'q')!)).toBe(title);
});
