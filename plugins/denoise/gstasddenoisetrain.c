/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

/**
 * SECTION:element-asddenoisetrain
 * @title: asddenoisetrain
 *
 * Learns the noise that #asddenoise removes: the sample-wise mean of the first
 * `clips` clips (or windows, with window > 0) is the noise clip; the threshold
 * of each frequency bin is the mean plus 1.5 standard deviations of its dB
 * values (noisereduce 1.1.0; the mean clip is Tiwari et al.'s, DCASE 2020
 * Challenge, Task 2). Clips of different lengths are cut to the shortest.
 *
 * Posts GST_MESSAGE_PROGRESS with the code "train". EOS reaches the bus when
 * the model is safe on disk.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 asdclipsrc location='train/normal*.wav' ! asddenoisetrain model=fan.asd
 * gst-launch-1.0 asdtestsrc machine=fan num-buffers=1600 ! audioconvert ! asddenoisetrain model=fan.asd window=10000000000 clips=10
 * ]|
 */

#include "../elements.h"

#include <asd/asd.h>
#include <gst/asd/asd.h>

#define GST_TYPE_ASD_DENOISE_TRAIN (gst_asd_denoise_train_get_type ())
G_DECLARE_FINAL_TYPE (GstAsdDenoiseTrain, gst_asd_denoise_train, GST,
    ASD_DENOISE_TRAIN, GstAsdTrainer);

#define DEFAULT_CLIPS 100

struct _GstAsdDenoiseTrain
{
  GstAsdTrainer parent;

  guint clips;                  /* under the object lock */

  AsdMeanClip *mean;
  guint n_clips;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink",
    GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (GST_ASD_AUDIO_CAPS));

G_DEFINE_TYPE (GstAsdDenoiseTrain, gst_asd_denoise_train, GST_TYPE_ASD_TRAINER);
GST_ELEMENT_REGISTER_DEFINE (asddenoisetrain, "asddenoisetrain", GST_RANK_NONE,
    GST_TYPE_ASD_DENOISE_TRAIN);

static void
gst_asd_denoise_train_reset (GstAsdTrainer * trainer)
{
  GstAsdDenoiseTrain *self = GST_ASD_DENOISE_TRAIN (trainer);

  g_clear_pointer (&self->mean, asd_mean_clip_free);
  self->n_clips = 0;
}

static gboolean
gst_asd_denoise_train_collect (GstAsdTrainer * trainer, const gfloat *samples,
    gsize n_samples, GError ** error)
{
  GstAsdDenoiseTrain *self = GST_ASD_DENOISE_TRAIN (trainer);
  guint clips;

  GST_OBJECT_LOCK (self);
  clips = self->clips;
  GST_OBJECT_UNLOCK (self);
  if (self->n_clips == clips)
    return TRUE;

  if (self->mean == NULL)
    self->mean = asd_mean_clip_new ();
  if (!asd_mean_clip_add (self->mean, samples, n_samples)) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "too few samples (%" G_GSIZE_FORMAT ") to learn noise from: record at "
        "least %d", n_samples, ASD_NOISE_CLIP_MIN_SAMPLES);
    return FALSE;
  }
  self->n_clips++;
  return TRUE;
}

static gboolean
gst_asd_denoise_train_fit (GstAsdTrainer * trainer, AsdModelWriter * writer,
    GCancellable * cancellable, GError ** error)
{
  GstAsdDenoiseTrain *self = GST_ASD_DENOISE_TRAIN (trainer);
  gdouble thresholds[ASD_NOISE_GATE_BINS];
  gfloat *clip;
  gboolean ok;
  gsize n;

  clip = self->n_clips > 0 ? asd_mean_clip_get (self->mean, &n) : NULL;
  if (clip == NULL) {
    g_set_error (error, ASD_ERROR, ASD_ERROR_DATA,
        "No clip is long enough to learn noise from: record longer clips");
    return FALSE;
  }
  ok = asd_noise_profile (clip, n, thresholds, error);
  g_free (clip);
  if (!ok)
    return FALSE;

  gst_asd_trainer_progress (trainer, "noise of %u clip%s", self->n_clips,
      self->n_clips == 1 ? "" : "s");
  asd_model_writer_set_int64 (writer, "clips", self->n_clips);
  asd_noise_profile_save (thresholds, writer);
  return TRUE;
}

static void
gst_asd_denoise_train_finalize (GObject * object)
{
  gst_asd_denoise_train_reset (GST_ASD_TRAINER (object));
  G_OBJECT_CLASS (gst_asd_denoise_train_parent_class)->finalize (object);
}

static void
gst_asd_denoise_train_class_init (GstAsdDenoiseTrainClass * klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstAsdTrainerClass *trainer_class = GST_ASD_TRAINER_CLASS (klass);

  object_class->finalize = gst_asd_denoise_train_finalize;
  GST_ASD_PROPERTY (klass, GstAsdDenoiseTrain, clips,
      g_param_spec_uint ("clips", "Clips",
          "Number of clips whose mean is the noise clip", 1, G_MAXUINT,
          DEFAULT_CLIPS, GST_ASD_PARAM_READY));

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_set_static_metadata (element_class, "Noise trainer",
      "Sink/Analyzer/Audio", "Learns the noise that asddenoise removes",
      "gst-asd");
  trainer_class->kind = "denoise";
  trainer_class->reset = gst_asd_denoise_train_reset;
  trainer_class->collect = gst_asd_denoise_train_collect;
  trainer_class->fit = gst_asd_denoise_train_fit;
}

static void
gst_asd_denoise_train_init (GstAsdDenoiseTrain * self)
{
}
