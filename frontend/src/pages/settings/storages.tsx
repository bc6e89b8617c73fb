import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { projectQuery } from '../../api/projects';
import { type Direction, type Storage, storagesQuery } from '../../api/storages';
import type { Project } from '../../api/types';
import { useWish } from '../../app/wish';
import { may, useRoleIn } from '../../app/workspace';
import { Icon } from '../../ui/icon';
import { Failure, Skeleton } from '../../ui/parts';
import { SourceRow } from './source-row';
import { StorageDialog } from './storage-dialog';
import { VersionsCard } from '../versions/versions-card';
import { TargetRow } from './target-row';
import './settings.css';
import './storages.css';

/** Where do the tasks come from, and where do the labels go? */
export function Storages() {
  const id = Number(useParams({ from: '/inside/projects/$projectId' }).projectId);
  const project = useQuery(projectQuery(id)).data;
  const edits = may(useRoleIn(id), 'edit');
  if (!project) return null;
  return (
    <div className="scroll">
      <div className="settings">
        {edits && <StorageCard project={project} direction="source" />}
        {edits && <StorageCard project={project} direction="target" />}
        <VersionsCard project={project} />
      </div>
    </div>
  );
}

const WORDS: Record<Direction, { title: string; add: string; about: string; none: string }> = {
  source: {
    title: 'Sources', add: 'Add a source', about: 'New files become tasks, changed ones are marked, and what is gone is retired with its work kept.',
    none: 'Tasks come in by Import so far. With a source they come from a repo, a bucket or a folder, and keep up with it.',
  },
  target: {
    title: 'Targets', add: 'Add a target', about: 'Annotations are written there, one file a task.',
    none: 'With a repo as target, one press makes one commit of all labels since the last: who, when, and from which pictures.',
  },
};

function StorageCard({ project, direction }: { project: Project; direction: Direction }) {
  const storages = useQuery(storagesQuery(direction, project.id));
  const [asked, setAsked] = useState<Storage | 'new' | null>(null);
  useWish(`new-${direction}`, () => setAsked('new'));
  const words = WORDS[direction];
  const found = storages.data ?? [];
  return (
    <section className="card" aria-labelledby={direction}>
      <div className="row card-head"><h2 id={direction}>{words.title}</h2><span className="grow" /><button type="button" className="btn" onClick={() => setAsked('new')}><Icon name="plus" />{words.add}</button></div>
      {storages.isPending && <Skeleton width="50%" />}
      {storages.isError && <Failure error={storages.error} retry={() => void storages.refetch()} what={`The list of ${direction}s`} />}
      {storages.isSuccess && <p className="two">{found.length === 0 ? words.none : words.about}</p>}
      <ul className="lines storages">
        {found.map((each) => (direction === 'source'
          ? <SourceRow key={each.id} project={project} storage={each} onEdit={() => setAsked(each)} />
          : <TargetRow key={each.id} project={project} storage={each} onEdit={() => setAsked(each)} />))}
      </ul>
      {asked && <StorageDialog project={project} direction={direction} storage={asked === 'new' ? undefined : asked} onClose={() => setAsked(null)} />}
    </section>
  );
}
