// A researcher writes a time in their own zone, unless they choose another. Without scripts the form says UTC.
const zones = (() => {
  function prepare() {
    for (const field of all("input[data-zone]")) {
      field.removeAttribute("data-zone");
      // What they have written themselves, and comes back because something is wrong with the form, stays theirs.
      if (!field.hasAttribute("data-said")) {
        field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? field.value;
      }
      field.list.replaceChildren(...(Intl.supportedValuesOf?.("timeZone") ?? []).map((name) => new Option(name, name)));
      for (const time of all("input[data-moment]", field.form)) time.value = here(Number(time.dataset.moment));
    }
  }

  // As a field of kind datetime-local has it.
  function here(moment) {
    const minutes = new Date(moment).getTimezoneOffset();
    return new Date(moment - 60_000 * minutes).toISOString().slice(0, 16);
  }

  return { prepare };
})();
