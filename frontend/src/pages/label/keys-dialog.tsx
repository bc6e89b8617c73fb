import type { CommandRegistry } from '../../editor/model/tools/commands.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { KeySheet } from '../../editor/ui/key-sheet.tsx';
import { t } from '../../i18n/words.ts';
import { Dialog } from './dialog.tsx';

export function KeysDialog({ registry, keyMap, onClose }: { registry: CommandRegistry; keyMap: KeyMap; onClose: () => void }) {
  return (
    <Dialog title={t('Keys')} isWide onClose={onClose}>
      <KeySheet keyMap={keyMap} known={new Set(registry.list().map((command) => command.id))} />
    </Dialog>
  );
}
