/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_CLONES_H__
#define __ASD_CLONES_H__

/* Private. A function marked ASD_CLONES is compiled for AVX2 as well, and the
 * loader picks; that needs GNU indirect functions. Without "fma" in the list
 * no clone contracts products into sums, so all give the same bytes. */

#include <glib.h>

#if defined (__x86_64__) && defined (__GLIBC__) && defined (__has_attribute)
#if __has_attribute (target_clones)
#define ASD_CLONES __attribute__ ((target_clones ("avx2", "default")))
#endif
#endif

#ifndef ASD_CLONES
#define ASD_CLONES
#endif

#endif /* __ASD_CLONES_H__ */
