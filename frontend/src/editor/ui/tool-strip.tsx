import type { ReactNode } from 'react';
import { t } from '../../i18n/words.ts';
import { Icon, type IconName } from '../../ui/icon.tsx';
import type { EditorConfig } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { KeyMap } from '../model/tools/keymap.ts';
import { showKey } from '../model/tools/keys.ts';
import type { ToolName } from '../model/types.ts';
import { keepFocus } from './keep-focus.ts';
import { useEditor } from './use-editor.ts';

export const TOOL_TITLES: Readonly<Record<ToolName, string>> = {
  select: t('Select'),
  hand: t('Move the picture'),
  rectangle: t('Rectangle'),
  polygon: t('Polygon'),
  ellipse: t('Ellipse'),
  keypoint: t('Point'),
  span: t('Mark text'),
};

const SHAPE_TOOLS = ['rectangle', 'polygon', 'ellipse', 'keypoint', 'span'] as const;

/** Only what the config has a use for. */
export function toolsFor(config: EditorConfig): { readonly view: readonly ToolName[]; readonly shapes: readonly ToolName[] } {
  const makes = new Set<string>(config.controls.map((control) => control.makes));
  const shapes = SHAPE_TOOLS.filter((tool) => makes.has(tool));
  const view: ToolName[] = [];
  if (shapes.length > 0) view.push('select');
  if (config.objects.some((object) => object.kind === 'image')) view.push('hand');
  return { view, shapes };
}

export interface ToolStripProps {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly onKeys: () => void;
  /** Absent: the project has none. */
  readonly onInstructions?: (() => void) | undefined;
  /** Further tools. */
  readonly children?: ReactNode;
}

export function ToolStrip({ editor, keyMap, onKeys, onInstructions, children }: ToolStripProps) {
  const { view, shapes } = toolsFor(editor.config);
  return (
    <nav className="strip" aria-label={t('Tools')}>
      <div className="tool-group" role="group" aria-label={t('Tools')}>
        {view.map((tool) => <ToolButton key={tool} tool={tool} editor={editor} keyMap={keyMap} />)}
        {view.length > 0 && shapes.length > 0 && <hr />}
        {shapes.map((tool) => <ToolButton key={tool} tool={tool} editor={editor} keyMap={keyMap} />)}
        {children}
      </div>
      <span className="grow" />
      {onInstructions && (
        <button type="button" title={t('Instructions')} aria-label={t('Instructions')} onClick={onInstructions}><Icon name="note" /></button>
      )}
      <button type="button" className="wide" title={tip(t('Keys'), keyMap, 'page.keys')} aria-label={t('Keys')} onClick={onKeys}>
        <Icon name="keyboard" />
      </button>
    </nav>
  );
}

function ToolButton({ tool, editor, keyMap }: { tool: ToolName; editor: Editor; keyMap: KeyMap }) {
  const isOn = useEditor(editor, (it) => it.tool) === tool;
  return (
    <button
      type="button"
      className={isOn ? 'on' : ''}
      aria-pressed={isOn}
      aria-label={TOOL_TITLES[tool]}
      title={tip(TOOL_TITLES[tool], keyMap, `tool.${tool}`)}
      data-testid={`tool-${tool}`}
      {...keepFocus}
      onClick={() => editor.setTool(tool)}
    >
      <Icon name={tool as IconName} />
    </button>
  );
}

/** "Rectangle  R" */
export function tip(title: string, keyMap: KeyMap, commandId: string): string {
  const [key] = keyMap.keysOf(commandId);
  return key === undefined ? title : `${title}  ${showKey(key)}`;
}
