import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react';
import type { Editor } from '../../editor/model/editor.ts';
import { CommandRegistry } from '../../editor/model/tools/commands.ts';
import { KeyMap } from '../../editor/model/tools/keymap.ts';
import { StageSurfaces } from '../../editor/ui/stage-surfaces.ts';
import { ToolStrip } from '../../editor/ui/tool-strip.tsx';
import { actsFor } from './acts.ts';
import { installBench } from './bench.ts';
import { DialogTrouble } from './dialog-trouble.tsx';
import { Dock } from './dock.tsx';
import { Header } from './header.tsx';
import type { Labelling, OpenTask } from './labelling.ts';
import { OwnKeys } from './own-keys.ts';
import { Panel } from './panel.tsx';
import { SceneView } from './scenes.tsx';
import { Stage } from './stage.tsx';
import { nameOfVersion } from './models.ts';
import { useKeys } from './use-keys.ts';
import { type Models, useModels } from './use-models.ts';
import { usePageLife } from './use-page-life.ts';
import { usePart } from './use-part.ts';

/** Not part of the first sight of the page; fetched once that is there, so that they also come without a network. */
const loadDialogs = () => import('./dialogs.ts');
const Keys = lazy(async () => ({ default: (await loadDialogs()).KeysDialog }));
const PaletteDialog = lazy(async () => ({ default: (await loadDialogs()).PaletteDialog }));
const SignInDialog = lazy(async () => ({ default: (await loadDialogs()).SignInDialog }));
const HeldDialog = lazy(async () => ({ default: (await loadDialogs()).HeldDialog }));
const Instructions = lazy(async () => ({ default: (await loadDialogs()).Instructions }));
const ThenDialog = lazy(async () => ({ default: (await import('./then-dialog.tsx')).ThenDialog }));
const HistoryDialog = lazy(async () => ({ default: (await import('./history/history-dialog.tsx')).HistoryDialog }));

type Opened = 'keys' | 'palette' | 'history' | 'then' | null;

export function LabelPage({ labelling }: { labelling: Labelling }) {
  const scene = usePart(labelling, 'scene');
  const [surfaces] = useState(() => new StageSurfaces());
  const [registry] = useState(() => new CommandRegistry());
  const [opened, setOpened] = useState<Opened>(null);
  const [isFinding, setFinding] = useState(false);
  const [isLater, setLater] = useState(false);
  const open = scene.kind === 'task' ? scene.open : null;
  const editor = useLast(open?.editor ?? null);
  const user = usePart(labelling, 'user');
  const [kept] = useState(storage);
  const ownKeys = useMemo(() => new OwnKeys(user, kept, labelling.gate.fetch), [labelling, user, kept]);
  const keyMap = useMemo(() => editor && new KeyMap(editor.config.controls, ownKeys), [editor, ownKeys]);
  const models = useModels(labelling, kept, open);
  const asking = models.asker?.asking ?? null;
  usePageLife(labelling);
  useSettling(labelling, surfaces, open, models.find);
  // Before the frame: the keys below are there in it.
  useLayoutEffect(() => {
    if (!editor || !keyMap) return undefined;
    const parts = {
      labelling,
      surfaces,
      showKeys: () => setOpened('keys'),
      showPalette: () => setOpened('palette'),
      showHistory: () => setOpened('history'),
      showThen: () => setOpened('then'),
      findLabel: () => setFinding(true),
      asking,
    };
    return registry.register(...actsFor(editor, keyMap, parts));
  }, [labelling, surfaces, registry, editor, keyMap, asking]);
  useKeys(open ? editor : null, keyMap, registry);
  return (
    <div className="lab">
      <Header labelling={labelling} keyMap={keyMap} onHeld={() => setLater(false)} onHistory={() => setOpened('history')} />
      {open && keyMap ? (
        <Work labelling={labelling} open={open} keyMap={keyMap} surfaces={surfaces} models={models} isFinding={isFinding} onFinding={setFinding} onKeys={() => setOpened('keys')} onThen={() => setOpened('then')} />
      ) : (
        scene.kind !== 'task' && <SceneView scene={scene} labelling={labelling} />
      )}
      <Said labelling={labelling} />
      <DialogTrouble>
        <Suspense fallback={null}>
          {opened === 'keys' && keyMap && <Keys registry={registry} keyMap={keyMap} onClose={() => setOpened(null)} />}
          {opened === 'palette' && keyMap && <PaletteDialog registry={registry} keyMap={keyMap} onClose={() => setOpened(null)} />}
          {opened === 'history' && open?.opening.annotation && <HistoryDialog labelling={labelling} open={open} annotation={open.opening.annotation.id} onClose={() => setOpened(null)} />}
          {opened === 'then' && open?.changed && <ThenDialog open={open} changed={open.changed} onClose={() => setOpened(null)} />}
          <Interruptions labelling={labelling} isLater={isLater} onLater={() => setLater(true)} />
        </Suspense>
      </DialogTrouble>
    </div>
  );
}

function Said({ labelling }: { labelling: Labelling }) {
  return <p className="unseen" role="status" aria-live="polite">{usePart(labelling, 'said')}</p>;
}

interface WorkProps {
  readonly labelling: Labelling;
  readonly open: OpenTask;
  readonly keyMap: KeyMap;
  readonly surfaces: StageSurfaces;
  readonly models: Models;
  readonly isFinding: boolean;
  readonly onFinding: (isFinding: boolean) => void;
  readonly onKeys: () => void;
  readonly onThen: () => void;
}

function Work({ labelling, open, keyMap, surfaces, models: { models, asker }, isFinding, onFinding, onKeys, onThen }: WorkProps) {
  const obstacle = usePart(labelling, 'obstacle');
  const project = usePart(labelling, 'project');
  const onInstructions = project?.expert_instruction ? () => labelling.showInstructions(true) : undefined;
  const [isSheetOpen, setSheetOpen] = useState(false);
  const { editor } = open;
  const hasShapes = editor.config.controls.some((control) => control.makes !== 'answer');
  useEffect(() => {
    if (obstacle) setSheetOpen(true);
  }, [obstacle]);
  const askButton = asker && hasShapes && <asker.AskButton asking={asker.asking} keyMap={keyMap} />;
  return (
    <div className={hasShapes ? 'work' : 'work plain'}>
      <ToolStrip editor={editor} keyMap={keyMap} onKeys={onKeys} onInstructions={onInstructions}>{askButton}</ToolStrip>
      <Stage labelling={labelling} open={open} keyMap={keyMap} surfaces={surfaces} isFinding={isFinding} onFinding={onFinding} onThen={onThen} model={nameOfVersion(models, open.opening.modelVersion)} asker={hasShapes ? asker : null} />
      <Panel
        editor={editor}
        keyMap={keyMap}
        surfaces={surfaces}
        obstacle={obstacle}
        isOpen={isSheetOpen}
        onClose={() => setSheetOpen(false)}
      />
      <Dock labelling={labelling} editor={editor} keyMap={keyMap} isSheetOpen={isSheetOpen} onSheet={setSheetOpen} onInstructions={onInstructions}>{askButton}</Dock>
    </div>
  );
}

/** What cannot wait: signing in, saves that were not taken, what the project's people want annotators to know. */
function Interruptions({ labelling, isLater, onLater }: { labelling: Labelling; isLater: boolean; onLater: () => void }) {
  const isSigningIn = usePart(labelling, 'isSigningIn');
  const held = usePart(labelling, 'held');
  const showsInstructions = usePart(labelling, 'showsInstructions');
  const project = usePart(labelling, 'project');
  const user = usePart(labelling, 'user');
  if (isSigningIn) {
    return <SignInDialog labelling={labelling} email={user?.email ?? null} unsent={labelling.outbox?.state.unsent ?? 0} />;
  }
  const [first] = held;
  if (first && !isLater) {
    return <HeldDialog key={first.seq} labelling={labelling} entry={first} onLater={onLater} />;
  }
  if (!showsInstructions || !project) return null;
  return <Instructions text={project.expert_instruction ?? ''} onClose={() => labelling.showInstructions(false)} />;
}

/** The editor of the last task, so that keys and acts stay over a moment of loading. */
function useLast(editor: Editor | null): Editor | null {
  const last = useRef<Editor | null>(null);
  if (editor) last.current = editor;
  return last.current;
}

/** Once all of a task is drawn: gives the keyboard its place again, and looks ahead. */
function useSettling(labelling: Labelling, surfaces: StageSurfaces, open: OpenTask | null, onDrawn: () => void): void {
  const hadKeyboard = useKeyboardPlace(labelling);
  useEffect(() => {
    if (labelling.address.bench) installBench(labelling, surfaces);
  }, [labelling, surfaces]);
  useEffect(() => {
    if (!open) return undefined;
    surfaces.broken.clear();
    for (const content of open.contents) if (content.kind === 'broken') surfaces.broken.add(content.object.name);
    let isSettled = false;
    const look = (): void => {
      if (isSettled || surfaces.count < open.contents.length) return;
      isSettled = true;
      if (hadKeyboard.current) surfaces.focus();
      hadKeyboard.current = false;
      setTimeout(() => (labelling.settleDown(), onDrawn(), void loadDialogs().catch(() => undefined)), 50);
    };
    look();
    return surfaces.subscribe(look);
  }, [labelling, surfaces, open, hadKeyboard, onDrawn]);
}

/** Whether the picture or text that goes away has the keyboard: whoever works by keys alone wants it in the next one. */
function useKeyboardPlace(labelling: Labelling): RefObject<boolean> {
  const hadKeyboard = useRef(false);
  useEffect(() => {
    return labelling.state.subscribe((state, before) => {
      if (state.scene === before.scene) return;
      hadKeyboard.current ||= document.querySelector('.stage .is-key-focused:focus') !== null;
    });
  }, [labelling]);
  return hadKeyboard;
}

/** Where the browser keeps nothing, remapped keys live on the server alone. */
function storage(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
