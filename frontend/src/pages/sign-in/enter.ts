import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AnyRouter, useRouter } from '@tanstack/react-router';
import { address } from '../../api/addresses';
import { type Credentials, enter, sessionQuery } from '../../api/session';

const LABEL_PAGE = /^\/projects\/\d+\/label/;

/** Goes to an address of ours; the label page is a page of its own, so that one is loaded. */
export function goOn(router: AnyRouter, next: string | undefined): void {
  if (next && LABEL_PAGE.test(next)) location.replace(address(next));
  else router.history.replace(router.basepath.replace(/\/$/, '') + (next ?? '/projects'));
}

/** Signs in or up, learns who that is, and goes on to where the person wanted to be. */
export function useEnter(door: 'login' | 'signup', next: string | undefined) {
  const client = useQueryClient();
  const router = useRouter();
  return useMutation({
    mutationFn: (credentials: Credentials) => enter(door, credentials),
    onSuccess: async () => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'session' });
      await client.fetchQuery({ ...sessionQuery, staleTime: 0 });
      goOn(router, next);
    },
  });
}
