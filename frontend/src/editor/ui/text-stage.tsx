import { useEffect, useRef } from 'react';
import type { ObjectTag } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { StageSurfaces, WritingSurface } from './stage-surfaces.ts';

export interface TextStageProps {
  readonly editor: Editor;
  readonly surfaces: StageSurfaces;
  readonly object: ObjectTag;
  readonly text: string;
  /** A new one remounts: the next task. */
  readonly taskKey: object;
  /** Why something that was asked for did not happen. */
  readonly onRefuse: (message: string) => void;
}

export const loadTextSurface = () => import('../surfaces/text/index.ts');

/** One text of the task. */
export function TextStage({ editor, surfaces, object, text, taskKey, onRefuse }: TextStageProps) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let isOver = false;
    let mounted: WritingSurface | null = null;
    void loadTextSurface().then(({ mountTextSurface }) => {
      if (isOver || !host.current) return;
      const made = mountTextSurface(host.current, editor, { objectName: object.name, text, attributes: object.attributes, onRefuse });
      mounted = made;
      surfaces.writings.set(object.name, made);
      surfaces.changed();
    });
    return () => {
      isOver = true;
      mounted?.destroy();
      surfaces.writings.delete(object.name);
    };
    // The callback mounts nothing anew.
  }, [editor, surfaces, object, text, taskKey]);
  return (
    <div className="pane writing">
      <div className="surface" ref={host} />
    </div>
  );
}
