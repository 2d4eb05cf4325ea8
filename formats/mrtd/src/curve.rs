//! The elliptic curves that chips and their issuers use, behind one type.
//!
//! Points and scalars are bytes here: uncompressed points as SEC 1 writes them, big-endian scalars.
//! Every point from outside is checked to be on its curve; all these curves have cofactor 1.

use der::asn1::ObjectIdentifier;
use ecdsa::EcdsaCurve;
use elliptic_curve::ff::PrimeField;
use elliptic_curve::ops::Reduce;
use elliptic_curve::point::AffineCoordinates;
use elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use elliptic_curve::{
    AffinePoint, CurveArithmetic, FieldBytes, FieldBytesSize, Group, ProjectivePoint, PublicKey,
    Scalar,
};
use zeroize::Zeroizing;

use crate::{NoRandom, Random, tlv};

/// How often a random scalar is drawn before the source is called broken; one draw fails with a
/// chance below one half on every curve.
const DRAWS_MAX: usize = 64;

/// A curve that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
    BrainpoolP256r1,
    BrainpoolP384r1,
}

/// Why a computation on a curve gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CurveError {
    #[error("a point that is not on its curve")]
    Point,
    #[error("draw a private key")]
    Random(#[from] NoRandom),
}

/// A private scalar and its public point.
pub(crate) struct KeyPair {
    pub(crate) private: Zeroizing<Vec<u8>>,
    pub(crate) public: Vec<u8>,
}

macro_rules! on_curve {
    ($curve:expr, $apply:ident($($argument:expr),*)) => {
        match $curve {
            Curve::P256 => $apply::<p256::NistP256>($($argument),*),
            Curve::P384 => $apply::<p384::NistP384>($($argument),*),
            Curve::P521 => $apply::<p521::NistP521>($($argument),*),
            Curve::BrainpoolP256r1 => $apply::<bp256::BrainpoolP256r1>($($argument),*),
            Curve::BrainpoolP384r1 => $apply::<bp384::BrainpoolP384r1>($($argument),*),
        }
    };
}

impl Curve {
    const ALL: [Self; 5] =
        [Self::P256, Self::P384, Self::P521, Self::BrainpoolP256r1, Self::BrainpoolP384r1];

    /// The curve of standardised domain parameters (Doc 9303-11, 9.5.1).
    pub(crate) const fn of_parameter_id(id: u8) -> Option<Self> {
        Some(match id {
            12 => Self::P256,
            13 => Self::BrainpoolP256r1,
            15 => Self::P384,
            16 => Self::BrainpoolP384r1,
            18 => Self::P521,
            _ => return None,
        })
    }

    const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::P256 => "1.2.840.10045.3.1.7",
            Self::P384 => "1.3.132.0.34",
            Self::P521 => "1.3.132.0.35",
            Self::BrainpoolP256r1 => "1.3.36.3.3.2.8.1.1.7",
            Self::BrainpoolP384r1 => "1.3.36.3.3.2.8.1.1.11",
        })
    }

    /// The curve of a public key's parameters: its name, or all its numbers (Doc 9303-12 demands
    /// those). A curve with another base point than the named one is another curve.
    pub(crate) fn of_parameters(parameters: &[u8]) -> Option<Self> {
        let (parameters, _) = tlv::first(parameters).ok()?;
        if parameters.tag == 0x06 {
            let oid = ObjectIdentifier::from_bytes(parameters.value).ok()?;
            return Self::ALL.into_iter().find(|curve| curve.oid() == oid);
        }
        let fields: Vec<tlv::Tlv<'_>> = tlv::all(parameters.value).map_while(Result::ok).collect();
        let [_version, _field, _curve, base, order, ..] = fields.as_slice() else { return None };
        let order = order.value.strip_prefix(&[0]).unwrap_or(order.value);
        Self::ALL.into_iter().find(|curve| {
            let (own_base, own_order) = on_curve!(*curve, base_and_order());
            base.value == own_base && order == own_order
        })
    }

    /// Draws a key pair. `base` is another base point than the curve's own, from a mapping.
    pub(crate) fn draw(
        self,
        base: Option<&[u8]>,
        random: Random<'_>,
    ) -> Result<KeyPair, CurveError> {
        on_curve!(self, draw(base, random))
    }

    /// The product of a private scalar and a point.
    pub(crate) fn multiply(self, private: &[u8], point: &[u8]) -> Result<Vec<u8>, CurveError> {
        on_curve!(self, multiply(private, point))
    }

    /// The secret that a private scalar and the other side's point give: the product's first
    /// coordinate.
    pub(crate) fn agree(
        self,
        private: &[u8],
        point: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CurveError> {
        on_curve!(self, agree(private, point))
    }

    /// The base point of the generic mapping: nonce times base point, plus the shared point
    /// (Doc 9303-11, 4.4.3.3.1).
    pub(crate) fn map(self, nonce: &[u8], shared: &[u8]) -> Result<Vec<u8>, CurveError> {
        on_curve!(self, map(nonce, shared))
    }

    /// Whether a signature of a digest is by the key of `point`: as DER, or as two numbers one
    /// after the other.
    pub(crate) fn is_signed(
        self,
        point: &[u8],
        digest: &[u8],
        signature: &[u8],
        der: bool,
    ) -> bool {
        on_curve!(self, is_signed(point, digest, signature, der)).is_some()
    }
}

/// What all of them can do.
trait Group9303: EcdsaCurve + CurveArithmetic {}
impl<C: EcdsaCurve + CurveArithmetic> Group9303 for C {}

fn point<C: Group9303>(bytes: &[u8]) -> Result<ProjectivePoint<C>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    // Uncompressed only, as Doc 9303-11, 9.4.4 demands.
    let key = bytes.starts_with(&[4]).then(|| PublicKey::<C>::from_sec1_bytes(bytes));
    key.and_then(Result::ok).map(|key| key.to_projective()).ok_or(CurveError::Point)
}

fn bytes<C: Group9303>(point: ProjectivePoint<C>) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    if bool::from(point.is_identity()) {
        return Err(CurveError::Point);
    }
    let affine: AffinePoint<C> = point.into();
    Ok(affine.to_sec1_point(false).as_bytes().to_vec())
}

fn base_and_order<C: Group9303>() -> (Vec<u8>, Vec<u8>)
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let base = bytes::<C>(ProjectivePoint::<C>::generator()).unwrap_or_default();
    // The order is one more than the greatest scalar, which is minus one.
    let greatest: FieldBytes<C> = (-<Scalar<C> as elliptic_curve::Field>::ONE).to_repr();
    let mut order = greatest.to_vec();
    for byte in order.iter_mut().rev() {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
    let start = order.iter().position(|byte| *byte != 0).unwrap_or(0);
    (base, order.split_off(start))
}

/// A scalar from as many bytes as the curve's, or fewer.
fn scalar<C: Group9303>(bytes: &[u8]) -> Option<Scalar<C>> {
    let mut wide = FieldBytes::<C>::default();
    let at = wide.len().checked_sub(bytes.len())?;
    wide[at..].copy_from_slice(bytes);
    Scalar::<C>::from_repr(wide).into_option()
}

fn draw<C: Group9303>(base: Option<&[u8]>, random: Random<'_>) -> Result<KeyPair, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let base = base.map_or_else(|| Ok(ProjectivePoint::<C>::generator()), point::<C>)?;
    let mut private = Zeroizing::new(vec![0; FieldBytes::<C>::default().len()]);
    // The orders fill their bytes, but for P-521, whose first byte holds one bit.
    let greatest: FieldBytes<C> = (-<Scalar<C> as elliptic_curve::Field>::ONE).to_repr();
    let spare = greatest[0].leading_zeros();
    for _ in 0..DRAWS_MAX {
        random(&mut private)?;
        private[0] &= 0xff >> spare;
        let drawn =
            scalar::<C>(&private).filter(|s| !bool::from(elliptic_curve::Field::is_zero(s)));
        if let Some(scalar) = drawn {
            return Ok(KeyPair { private, public: bytes::<C>(base * scalar)? });
        }
    }
    Err(CurveError::Random(NoRandom))
}

fn multiply<C: Group9303>(private: &[u8], other: &[u8]) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let scalar = scalar::<C>(private).ok_or(CurveError::Point)?;
    bytes::<C>(point::<C>(other)? * scalar)
}

fn agree<C: Group9303>(private: &[u8], other: &[u8]) -> Result<Zeroizing<Vec<u8>>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let scalar = scalar::<C>(private).ok_or(CurveError::Point)?;
    let product = point::<C>(other)? * scalar;
    if bool::from(product.is_identity()) {
        return Err(CurveError::Point);
    }
    let affine: AffinePoint<C> = product.into();
    Ok(Zeroizing::new(affine.x().to_vec()))
}

fn map<C: Group9303>(nonce: &[u8], shared: &[u8]) -> Result<Vec<u8>, CurveError>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
{
    let mut wide = FieldBytes::<C>::default();
    let at = wide.len().checked_sub(nonce.len()).ok_or(CurveError::Point)?;
    wide[at..].copy_from_slice(nonce);
    let nonce = <Scalar<C> as Reduce<FieldBytes<C>>>::reduce(&wide);
    bytes::<C>(ProjectivePoint::<C>::generator() * nonce + point::<C>(shared)?)
}

fn is_signed<C: Group9303>(key: &[u8], digest: &[u8], signature: &[u8], der: bool) -> Option<()>
where
    FieldBytesSize<C>: ModulusSize,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    ecdsa::der::MaxSize<C>: elliptic_curve::array::ArraySize,
    <FieldBytesSize<C> as core::ops::Add>::Output:
        core::ops::Add<ecdsa::der::MaxOverhead> + elliptic_curve::array::ArraySize,
{
    let signature = if der {
        ecdsa::Signature::<C>::from_der(signature).ok()?
    } else {
        ecdsa::Signature::<C>::from_slice(signature).ok()?
    };
    ecdsa::hazmat::verify_prehashed(&point::<C>(key).ok()?, digest, &signature).ok()
}
