import { useEffect, useRef, useState } from 'react';
import type { ObjectTag } from '../model/config/config.ts';
import type { Editor } from '../model/editor.ts';
import type { PictureSurface, StageSurfaces } from './stage-surfaces.ts';
import { ZoomCorner } from './zoom-corner.tsx';

export interface PictureStageProps {
  readonly editor: Editor;
  readonly surfaces: StageSurfaces;
  readonly object: ObjectTag;
  readonly url: string;
  /** A new one remounts: the next task. */
  readonly taskKey: object;
  /** Why something that was asked for did not happen. */
  readonly onRefuse: (message: string) => void;
  readonly onBroken: (message: string) => void;
}

/** Fetched as soon as the config is known, while the task is still on its way. */
export const loadPictureSurface = () => import('../surfaces/canvas2d/index.ts');

/** One picture of the task. The surface draws; this gives it a place. */
export function PictureStage({ editor, surfaces, object, url, taskKey, onRefuse, onBroken }: PictureStageProps) {
  const host = useRef<HTMLDivElement>(null);
  const [surface, setSurface] = useState<PictureSurface | null>(null);
  useEffect(() => {
    let isOver = false;
    let mounted: PictureSurface | null = null;
    const mount = async (): Promise<void> => {
      const { mountImageSurface } = await loadPictureSurface();
      if (isOver || !host.current) return;
      const made = await mountImageSurface(host.current, editor, { objectName: object.name, url, attributes: object.attributes, onRefuse });
      if (isOver) return made.destroy();
      mounted = made;
      surfaces.pictures.set(object.name, made);
      surfaces.changed();
      setSurface(made);
    };
    mount().catch((error: unknown) => !isOver && onBroken(error instanceof Error ? error.message : String(error)));
    return () => {
      isOver = true;
      mounted?.destroy();
      surfaces.pictures.delete(object.name);
      setSurface(null);
    };
    // The two callbacks mount nothing anew.
  }, [editor, surfaces, object, url, taskKey]);
  return (
    <div className="pane picture">
      <div className="surface" ref={host} />
      {surface && <ZoomCorner surface={surface} />}
    </div>
  );
}
