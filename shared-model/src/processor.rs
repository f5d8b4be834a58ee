//! Computing on the processor, and not on a graphics adapter: what is best done otherwise there.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

/// Whether the device is the processor, without gradients.
pub(crate) fn is_processor(device: &Device) -> bool {
    !device.is_autodiff() && matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// Pictures that go through a network together: on a graphics adapter `most`, on the processor few, whose feature maps stay in
/// its caches.
pub(crate) fn together(device: &Device, most: usize, on_processor: usize) -> usize {
    if is_processor(device) {
        on_processor.min(most)
    } else {
        most
    }
    .max(1)
}

/// Runs what never waits, as nothing does on the processor; `None` if it waits after all.
#[cfg(feature = "threads")]
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}
