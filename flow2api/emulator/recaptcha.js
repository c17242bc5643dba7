// The emulated captcha: what a page gets from `/recaptcha/enterprise.js?render=<site key>`.
(() => {
  const rendered = "{{site_key}}";
  const origin = new URL(document.currentScript?.src || location.href).origin;

  const execute = async (siteKey, options) => {
    if (siteKey !== rendered) {
      throw new Error(`Invalid site key or not loaded in api.js: ${siteKey}`);
    }
    const response = await fetch(`${origin}/recaptcha/enterprise/reload?k=${encodeURIComponent(siteKey)}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ action: options?.action ?? "", agent: navigator.userAgent }),
    });
    if (!response.ok) {
      throw new Error(await response.text());
    }
    const { token } = await response.json();
    if (token === null) {
      return new Promise(() => {});
    }
    document.dispatchEvent(new CustomEvent("emulated-token", { detail: options?.action ?? "" }));
    return token;
  };

  window.grecaptcha = { ...window.grecaptcha, enterprise: { ready: (callback) => setTimeout(callback), execute } };
})();
