/** What the config or the project asks for before an answer may be submitted. Pure. */

import type { ControlTag } from '../../editor/model/config/config.ts';
import type { Editor } from '../../editor/model/editor.ts';
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
  if (project.enable_empty_annotation !== false || editor.results().length > 0) return null;
  const hasSuggestions = editor.suggestions().length > 0;
  return {
    message: hasSuggestions ? 'Accept a suggestion or draw something first, or skip the task.' : 'There is nothing to submit yet. Label something, or skip the task.',
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

function requiredMessage(control: ControlTag): string {
  const own = control.attributes.requiredMessage;
  if (typeof own === 'string' && own !== '') return own;
  return control.makes === 'answer' ? `Answer “${control.name}” first.` : `Mark at least one region with “${control.name}” first.`;
}
