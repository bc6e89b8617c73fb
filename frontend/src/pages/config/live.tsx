import { useEffect, useRef, useState } from 'react';
import { base } from '../../api/addresses';
import type { ControlTag, EditorConfig } from '../../editor/model/config/config';
import { Editor } from '../../editor/model/editor';
import { useEditor } from '../../editor/ui/use-editor';
import { Notice } from '../../ui/parts';
import { type Content, loadContents, sizesOf, textsOf } from '../label/contents';

interface Opened {
  editor: Editor;
  contents: readonly Content[];
}

/** The task in the editor itself: what is drawn here is a try, and kept nowhere. */
export default function Live({ config, data }: { config: EditorConfig; data: Readonly<Record<string, unknown>> }) {
  const opened = useOpened(config, data);
  if (!opened) return <div className="preview-stage" aria-busy="true" />;
  const { editor, contents } = opened;
  return (
    <>
      {contents.map((content) => <Surface key={content.object.name} editor={editor} content={content} />)}
      {config.controls.filter((control) => control.makes === 'answer').map((control) => <Question key={control.name} editor={editor} control={control} />)}
    </>
  );
}

function useOpened(config: EditorConfig, data: Readonly<Record<string, unknown>>): Opened | undefined {
  const [opened, setOpened] = useState<Opened>();
  useEffect(() => {
    let latest = true;
    void loadContents(config, { data } as never, base.href).then((contents) => {
      if (!latest) return;
      const editor = new Editor(config);
      editor.load([], [], sizesOf(contents), textsOf(contents));
      setOpened({ editor, contents });
    });
    return () => { latest = false; };
  }, [config, data]);
  return opened;
}

function Surface({ editor, content }: { editor: Editor; content: Content }) {
  const host = useRef<HTMLDivElement>(null);
  const [wrong, setWrong] = useState<string>();
  useEffect(() => {
    let over = false;
    let mounted: { destroy(): void } | undefined;
    const keep = (surface: { destroy(): void }) => { if (over) surface.destroy(); else mounted = surface; };
    mount(host.current, editor, content).then((surface) => { if (surface) keep(surface); }, (error: unknown) => setWrong(String(error instanceof Error ? error.message : error)));
    return () => {
      over = true;
      mounted?.destroy();
    };
  }, [editor, content]);
  const problem = content.kind === 'broken' ? content.message : wrong;
  return (
    <div className={`preview-stage mounted ${content.kind}`}>
      {problem ? <Notice tone="warn">{problem}</Notice> : <div className="surface" ref={host} />}
      <Labels editor={editor} controls={editor.config.controls.filter((control) => control.toName === content.object.name && control.makes !== 'answer')} />
    </div>
  );
}

async function mount(host: HTMLElement | null, editor: Editor, content: Content): Promise<{ destroy(): void } | undefined> {
  if (!host || content.kind === 'broken') return undefined;
  const { name: objectName, attributes } = content.object;
  if (content.kind === 'image') return (await import('../../editor/surfaces/canvas2d')).mountImageSurface(host, editor, { objectName, url: content.url, attributes });
  return (await import('../../editor/surfaces/text')).mountTextSurface(host, editor, { objectName, text: content.text, attributes });
}

function Labels({ editor, controls }: { editor: Editor; controls: readonly ControlTag[] }) {
  const { active } = useEditor(editor, (it) => it.labelState);
  if (controls.length === 0) return null;
  return (
    <div className="preview-palette" role="toolbar" aria-label="Labels">
      {controls.flatMap((control) => control.labels.map((label) => {
        const on = active.some((each) => each.fromName === control.name && each.value === label.value);
        return (
          <button key={`${control.name} ${label.value}`} type="button" className={on ? 'on' : ''} aria-pressed={on} style={{ ['--c' as string]: label.colour }} onClick={() => editor.chooseLabel(control.name, label.value)}>
            <span className="sq" />{label.shown}
          </button>
        );
      }))}
    </div>
  );
}

function Question({ editor, control }: { editor: Editor; control: ControlTag }) {
  const chosen = useEditor(editor, (it) => it.store.answers().get(control.name))?.values ?? [];
  return (
    <div className="preview-answers">
      <span className="two">{control.name}</span>
      <span className="row wrap">
        {control.labels.map((label) => <button key={label.value} type="button" className={chosen.includes(label.value) ? 'chip on' : 'chip'} aria-pressed={chosen.includes(label.value)} onClick={() => editor.chooseLabel(control.name, label.value)}>{label.shown}</button>)}
      </span>
    </div>
  );
}
