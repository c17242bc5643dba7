/** A stored picture or clip, in a frame of its own shape from the start, so that nothing jumps when it arrives. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { address } from "../api";
import { t } from "../text";

export function isClip(name: string): boolean {
  return /\.(mp4|webm)$/i.test(name);
}

export function mediaUrl(name: string): string {
  return /^https?:/.test(name) ? name : address(`/media/${name}`);
}

export function Media({ name, ratio, alt, quiet }: { name: string; ratio?: string; alt: string; quiet?: boolean }) {
  const frame = useRef<HTMLElement>(null);
  const [gone, setGone] = useState(false);
  useLayoutEffect(() => {
    if (ratio) frame.current?.style.setProperty("aspect-ratio", ratio.replace(":", " / "));
  }, [ratio]);
  const url = mediaUrl(name);
  return (
    <figure class="media" ref={frame}>
      {gone ? (
        <figcaption class="soft">{t("media.gone")}</figcaption>
      ) : isClip(name) ? (
        <video src={url} controls={!quiet} muted={quiet ?? false} loop={quiet ?? false} playsInline preload="metadata" aria-label={alt}
          onError={() => setGone(true)}
          onPointerEnter={(event) => quiet && void event.currentTarget.play().catch(() => undefined)}
          onPointerLeave={(event) => quiet && event.currentTarget.pause()}
        />
      ) : (
        <img src={url} alt={alt} loading="lazy" onError={() => setGone(true)} />
      )}
    </figure>
  );
}
