import { figure, t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { ConfigNode, ControlTag } from '../../editor/model/config/config.ts';
import type { Editor } from '../../editor/model/editor.ts';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { ChoicesPanel } from '../../editor/ui/choices-panel.tsx';
import { RegionList } from '../../editor/ui/region-list.tsx';
import { SelectedSection } from '../../editor/ui/selected-section.tsx';
import type { StageSurfaces } from '../../editor/ui/stage-surfaces.ts';
import { useEditor } from '../../editor/ui/use-editor.ts';
import type { Obstacle } from './obstacles.ts';

export interface PanelProps {
  readonly editor: Editor;
  readonly keyMap: KeyMap;
  readonly surfaces: StageSurfaces;
  readonly obstacle: Obstacle | null;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}

/** Beside the picture; on a phone a sheet over it. */
export function Panel({ editor, keyMap, surfaces, obstacle, isOpen, onClose }: PanelProps) {
  const makesRegions = editor.config.controls.some((control) => control.makes !== 'answer');
  return (
    <aside className={`panel ${isOpen ? 'open' : ''}`} aria-label={t('Regions and answers')}>
      {makesRegions && <RegionsHead editor={editor} onClose={onClose} />}
      {makesRegions && <RegionList editor={editor} onReveal={(region) => surfaces.focusRegion(region.toName, region.id)} />}
      {makesRegions && <SelectedSection editor={editor} />}
      <Questions editor={editor} keyMap={keyMap} obstacle={obstacle} />
      {obstacle && !isQuestion(editor, obstacle.control) && (
        <p className="obstacle notice warn" role="alert" data-testid="obstacle">{obstacle.message}</p>
      )}
    </aside>
  );
}

function isQuestion(editor: Editor, name: string | null): boolean {
  return editor.config.controls.some((control) => control.name === name && control.makes === 'answer');
}

function RegionsHead({ editor, onClose }: { editor: Editor; onClose: () => void }) {
  const count = useEditor(editor, (it) => it.store.size);
  const allHidden = useEditor(editor, (it) => it.store.size > 0 && it.store.all().every((region) => region.hidden));
  const title = allHidden ? t('Show all regions') : t('Hide all regions');
  const turn = (): void => editor.setHidden(editor.store.all().map((region) => region.id), !allHidden);
  return (
    <div className="panel-head">
      <h2>{t('Regions')} <span className="muted" data-testid="region-count">{figure(count)}</span></h2>
      <span className="grow" />
      <button type="button" className="btn ghost icon small" title={title} aria-label={title} disabled={count === 0} onClick={turn}>
        <Icon name={allHidden ? 'eyeoff' : 'eye'} />
      </button>
      <button type="button" className="btn ghost icon small slim" aria-label={t('Close regions')} onClick={onClose}><Icon name="down" /></button>
    </div>
  );
}

function Questions({ editor, keyMap, obstacle }: { editor: Editor; keyMap: KeyMap; obstacle: Obstacle | null }) {
  const hidden = useEditor(editor, (it) => it.hiddenControls());
  const questions = editor.config.controls.filter((control) => control.makes === 'answer' && !hidden.has(control.name));
  if (questions.length === 0) return null;
  return (
    <section className="sec questions">
      <h2>{wholeTitle(editor)}</h2>
      {questions.map((control) => (
        <ChoicesPanel
          key={control.name}
          editor={editor}
          keyMap={keyMap}
          control={control}
          title={questionTitle(editor.config.tree, control)}
          missing={obstacle?.control === control.name ? obstacle.message : null}
        />
      ))}
    </section>
  );
}

function wholeTitle(editor: Editor): string {
  const kinds = new Set(editor.config.objects.map((object) => object.kind));
  if (kinds.size !== 1 || editor.config.objects.length > 1) return t('Whole task');
  return kinds.has('image') ? t('Whole picture') : t('Whole text');
}

/** The last header before the question that no region control follows, else the control's name. */
export function questionTitle(tree: ConfigNode, control: ControlTag): string {
  let header: string | null = null;
  let found: string | null = null;
  const walk = (node: ConfigNode): void => {
    if (found !== null) return;
    if (node.tag === 'header') header = String(node.attributes.value ?? node.text).trim();
    else if (node.attributes.name === control.name) found = header || control.name;
    else if (node.attributes.toname !== undefined) header = null;
    node.children.forEach(walk);
  };
  walk(tree);
  return found ?? control.name;
}
