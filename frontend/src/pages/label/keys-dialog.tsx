import type { CommandRegistry } from '../../editor/model/tools/commands.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { KeySheet } from '../../editor/ui/key-sheet.tsx';
import { Dialog } from './dialog.tsx';

export function KeysDialog({ registry, keyMap, onClose }: { registry: CommandRegistry; keyMap: KeyMap; onClose: () => void }) {
  return (
    <Dialog title="Keys" isWide onClose={onClose}>
      <KeySheet keyMap={keyMap} known={new Set(registry.list().map((command) => command.id))} />
    </Dialog>
  );
}
