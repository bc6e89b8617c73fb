import { useLayoutEffect } from 'react';
import type { Editor } from '../../editor/model/editor.ts';
import type { CommandRegistry } from '../../editor/model/tools/commands.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { chooseByKey } from './acts.ts';

/**
 * Keys of the page, from the first frame of a task on: whoever works fast presses before an effect after the frame has run.
 * What the focused picture, list or field takes for itself does not come here.
 */
export function useKeys(editor: Editor | null, keyMap: KeyMap | null, registry: CommandRegistry): void {
  useLayoutEffect(() => {
    if (!keyMap) return undefined;
    const hear = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
      const binding = keyMap.lookup(event);
      if (!binding) return;
      if (binding.kind === 'command' && !registry.isEnabled(binding.id)) return;
      event.preventDefault();
      if (binding.kind === 'command') registry.run(binding.id);
      else if (editor && !event.repeat) chooseByKey(editor, binding.label.fromName, binding.label.value);
    };
    window.addEventListener('keydown', hear);
    return () => window.removeEventListener('keydown', hear);
  }, [editor, keyMap, registry]);
}
