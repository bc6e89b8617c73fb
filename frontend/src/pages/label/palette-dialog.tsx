import { useState, type KeyboardEvent } from 'react';
import type { CommandRegistry } from '../../editor/model/tools/commands.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { showKey } from '../../editor/model/tools/keys.ts';
import { t } from '../../i18n/words.ts';
import { Dialog } from './dialog.tsx';

/** Find an act by its name, and do it. */
export function PaletteDialog({ registry, keyMap, onClose }: { registry: CommandRegistry; keyMap: KeyMap; onClose: () => void }) {
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const wanted = query.trim().toLowerCase();
  const found = registry.list().filter((command) => {
    return command.id !== 'page.palette' && registry.isEnabled(command.id) && command.title.toLowerCase().includes(wanted);
  });
  const run = (id: string | undefined): void => {
    onClose();
    if (id !== undefined) setTimeout(() => registry.run(id)); // once the dialog has given the focus back
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((at + step + found.length) % Math.max(found.length, 1));
    else if (event.key === 'Enter') run(found[at]?.id);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog title={t('Find or do')} onClose={onClose}>
      <div onKeyDown={move}>
        <input
          className="input large"
          role="combobox"
          aria-expanded="true"
          aria-controls="acts"
          aria-activedescendant={found[at] ? `act-${at}` : undefined}
          aria-label={t('Find an act')}
          placeholder={t('What do you want to do?')}
          data-focus=""
          value={query}
          onChange={(event) => (setQuery(event.target.value), setAt(0))}
        />
        <ul className="acts-list" role="listbox" id="acts" aria-label={t('Acts')}>
          {found.map((command, index) => (
            <li key={command.id} id={`act-${index}`} role="option" aria-selected={index === at} onClick={() => run(command.id)}>
              <span className="grow">{command.title}</span>
              {keyMap.keysOf(command.id).map((key) => <kbd key={key}>{showKey(key)}</kbd>)}
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
