/** What the config or the project asks for before an answer may be submitted. Pure. */

import type { ControlTag } from '../../editor/model/config/config.ts';
import type { Editor } from '../../editor/model/editor.ts';
import { isUnnamed } from '../../editor/model/unnamed.ts';
import { plural, t } from '../../i18n/words.ts';
import type { WireProject } from './wire.ts';

export interface Obstacle {
  readonly message: string;
  /** The control to look at. */
  readonly control: string | null;
}

export function findObstacle(editor: Editor, project: WireProject): Obstacle | null {
  const hidden = editor.hiddenControls();
  const missing = editor.config.controls.find((control) => control.required && !hidden.has(control.name) && isMissing(editor, control));
  if (missing) return { message: requiredMessage(missing), control: missing.name };
  const unnamed = editor.store.all().filter((region) => region.exchange === 'answer' && isUnnamed(editor.config, region));
  if (unnamed.length > 0) return { message: unnamedMessage(unnamed.length), control: null };
  if (project.enable_empty_annotation !== false || editor.results().length > 0) return null;
  const hasSuggestions = editor.suggestions().length > 0;
  return {
    message: hasSuggestions ? t('Accept a suggestion or draw something first, or skip the task.') : t('There is nothing to submit yet. Label something, or skip the task.'),
    control: null,
  };
}

function isMissing(editor: Editor, control: ControlTag): boolean {
  if (control.makes !== 'answer') {
    return !editor.store.all().some((region) => region.fromName === control.name && !region.suggested);
  }
  const answer = editor.store.answers().get(control.name);
  return !answer || answer.values.length === 0 || answer.suggested === true;
}

/** They were asked for just now: whoever submits without them is to know it. */
function unnamedMessage(count: number): string {
  return plural(count, 'One suggestion of the answer has no label. Press a label’s key to name it, or delete it.', '{n} suggestions of the answer have no label. Press a label’s key to name them, or delete them.');
}

function requiredMessage(control: ControlTag): string {
  const own = control.attributes.requiredMessage;
  if (typeof own === 'string' && own !== '') return own;
  return control.makes === 'answer' ? t('Answer “{name}” first.', { name: control.name }) : t('Mark at least one region with “{name}” first.', { name: control.name });
}
