import { useState } from 'react';
import type { KeyMap } from '../../editor/model/tools/keymap.ts';
import { LabelBar } from '../../editor/ui/label-bar.tsx';
import { PictureStage } from '../../editor/ui/picture-stage.tsx';
import type { StageSurfaces } from '../../editor/ui/stage-surfaces.ts';
import { SuggestionsBar } from '../../editor/ui/suggestions-bar.tsx';
import { TextStage } from '../../editor/ui/text-stage.tsx';
import { t } from '../../i18n/words.ts';
import { Icon } from '../../ui/icon.tsx';
import type { Asker } from './use-models.ts';
import type { Content } from './contents.ts';
import type { Labelling, OpenTask } from './labelling.ts';
import { Notices, Refusal } from './notices.tsx';

export interface StageProps {
  readonly labelling: Labelling;
  readonly open: OpenTask;
  readonly keyMap: KeyMap;
  readonly surfaces: StageSurfaces;
  readonly isFinding: boolean;
  readonly onFinding: (isFinding: boolean) => void;
  /** Shows the picture as it was labelled. */
  readonly onThen: () => void;
  /** What people call the version whose suggestions are shown; null while that is not known. */
  readonly model: string | null;
  /** What asks a model while one draws. */
  readonly asker: Asker | null;
}

/** The task's pictures and texts, in the config's order, and the labels over them. */
export function Stage({ labelling, open, keyMap, surfaces, isFinding, onFinding, onThen, model, asker }: StageProps) {
  const { editor, contents } = open;
  return (
    <main className="stage" data-testid="stage" aria-label={t('Task {id}', { id: open.task.id })}>
      <div className="panes">
        {contents.map((content) => <Pane key={content.object.name} content={content} open={open} surfaces={surfaces} onRefuse={(message) => labelling.refuse(message)} />)}
        {contents.length === 0 && <Broken title={t('The label config shows nothing of the task')} message={t('It has no Image and no Text that this page can draw.')} />}
      </div>
      <div className="over-top">
        {asker && <asker.AskBar asking={asker.asking} editor={editor} keyMap={keyMap} surfaces={surfaces} />}
        <SuggestionsBar editor={editor} keyMap={keyMap} model={model} />
        <Notices labelling={labelling} open={open} keyMap={keyMap} onThen={onThen} />
        <Refusal labelling={labelling} />
      </div>
      <LabelBar editor={editor} keyMap={keyMap} isFinding={isFinding} onFinding={onFinding} />
    </main>
  );
}

interface PaneProps {
  readonly content: Content;
  readonly open: OpenTask;
  readonly surfaces: StageSurfaces;
  readonly onRefuse: (message: string) => void;
}

function Pane({ content, open, surfaces, onRefuse }: PaneProps) {
  const [trouble, setTrouble] = useState<{ readonly of: OpenTask; readonly message: string } | null>(null);
  const { editor } = open;
  if (trouble?.of === open) return <Broken title={t('The picture cannot be drawn')} message={trouble.message} />;
  if (content.kind === 'broken') {
    return <Broken title={content.object.kind === 'image' ? t('The picture cannot be opened') : t('The text cannot be opened')} message={content.message} url={content.url} />;
  }
  if (content.kind === 'text') {
    return <TextStage editor={editor} surfaces={surfaces} object={content.object} text={content.text} taskKey={open} onRefuse={onRefuse} />;
  }
  return (
    <PictureStage
      editor={editor}
      surfaces={surfaces}
      object={content.object}
      url={content.url}
      taskKey={open}
      onRefuse={onRefuse}
      onBroken={(message) => {
        setTrouble({ of: open, message });
        surfaces.broken.add(content.object.name);
        surfaces.changed();
      }}
    />
  );
}

function Broken({ title, message, url }: { title: string; message: string; url?: string | null }) {
  return (
    <div className="pane broken empty" role="alert">
      <span className="art"><Icon name="warn" size={28} /></span>
      <h2>{title}</h2>
      <p>{message}</p>
      {url && <p className="mono muted cut">{url}</p>}
      <p>{t('What was marked before is kept untouched. You can skip the task.')}</p>
    </div>
  );
}
