import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect } from 'react';
import { sessionQuery } from '../../api/session';
import type { Workspace } from '../../api/types';
import { useWorkspace, useWorkspaceChoice } from '../../app/workspace';

/** The workspace that a page of experiments or models is of: the one that its address names, so that a link leads others to the same; it is put there where it is missing. */
export function useTrackedWorkspace(): Workspace | undefined {
  const { w } = useSearch({ strict: false }) as { w?: number };
  const { workspaces } = useSuspenseQuery(sessionQuery).data;
  const current = useWorkspace();
  const choose = useWorkspaceChoice((state) => state.choose);
  const navigate = useNavigate();
  const named = workspaces.find(({ id }) => id === w);
  const found = named ?? current;
  useEffect(() => {
    if (named && named.id !== current?.id) choose(named.id);
    else if (found && w !== found.id) void navigate({ to: '.', search: ((before: object) => ({ ...before, w: found.id })) as never, replace: true });
  }, [named, current?.id, found, w, choose, navigate]);
  return found;
}
