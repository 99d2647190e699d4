/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __ASD_SIMD_H__
#define __ASD_SIMD_H__

/* Internal: helpers of loops that use vectors. Not installed. */

#include <glib.h>

/* Plain C loops that the compiler can turn into vectors on its own:
 * ASD_DEFINE_KERNEL compiles a function once for the build's baseline and, on
 * x86-64, once more for AVX2 and FMA, and picks at run time. Code that spells
 * out its vectors belongs into kernels.c. */
#define ASD_KERNEL static inline __attribute__((always_inline)) void

#if defined (__x86_64__)

#include <xmmintrin.h>

#define ASD_DEFINE_KERNEL(name, kernel, params, args) \
__attribute__((target ("avx2,fma"))) static void \
name##_avx2 params { kernel args; } \
static void name##_baseline params { kernel args; } \
static void name params \
{ \
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma")) \
    name##_avx2 args; \
  else \
    name##_baseline args; \
}

#else

#define ASD_DEFINE_KERNEL(name, kernel, params, args) \
static void name params { kernel args; }

#endif

/* A filter that rings into silence reaches denormal numbers, and they cost a
 * hundred times as much: flush them to zero between these two calls. */
static inline guint64
asd_denormals_off (void)
{
#if defined (__x86_64__)
  guint64 saved = _mm_getcsr ();

  _mm_setcsr (saved | 0x8040);  /* flush to zero, denormals are zero */
  return saved;
#elif defined (__aarch64__)
  guint64 saved;

  __asm__ volatile ("mrs %0, fpcr":"=r" (saved));
  __asm__ volatile ("msr fpcr, %0"::"r" (saved | (1 << 24)));
  return saved;
#else
  return 0;
#endif
}

static inline void
asd_denormals_restore (guint64 saved)
{
#if defined (__x86_64__)
  _mm_setcsr (saved);
#elif defined (__aarch64__)
  __asm__ volatile ("msr fpcr, %0"::"r" (saved));
#endif
}

#endif /* __ASD_SIMD_H__ */
