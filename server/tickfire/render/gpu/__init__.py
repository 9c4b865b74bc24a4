"""Drawing of scenes by wgpu, with the browser's own shader."""
