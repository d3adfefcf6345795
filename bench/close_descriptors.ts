/**
 * A script for `bash -c`, which runs its arguments without the descriptors that the caller left open, as some
 * terminals and CI runners do: tombolo needs longer with them.
 */
export const closeDescriptors =
  'for path in /proc/self/fd/*; do fd=${path##*/}; [ "$fd" -le 2 ] || eval "exec $fd>&-"; done; exec "$@"';
